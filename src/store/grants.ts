import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { MicroCredits } from '../domain/credits.ts'
import { isOutOfRange } from './sqlstate.ts'

export type Grant = {
  accountId: string
  /** Makes a repeated call harmless: credits are put in once a reference. */
  reference: string
  credits: MicroCredits
}

/**
 * `repeated`: same reference and credits, no second effect. `conflict`: the reference was used
 * with other credits. `too_much`: the balance would pass what the ledger can count.
 */
export type GrantOutcome = 'granted' | 'repeated' | 'conflict' | 'no_account' | 'too_much'

/** Puts credits in: `grant_v1`, one statement. */
export async function grantCredits(db: PostgresJsDatabase, grant: Grant): Promise<GrantOutcome> {
  const { accountId, reference, credits } = grant
  try {
    const [row] = await db.execute<{ outcome: GrantOutcome }>(
      sql`select grant_v1(${accountId}::uuid, ${reference}::text, ${credits.toString()}::bigint)
        as outcome`,
    )
    if (!row) throw new Error('grant_v1 gave no answer')
    return row.outcome
  } catch (error) {
    if (isOutOfRange(error)) return 'too_much'
    throw error
  }
}
