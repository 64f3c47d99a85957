import { eq, sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { MicroCredits } from '../domain/credits.ts'
import { adjustments } from './schema.ts'
import { isOutOfRange } from './sqlstate.ts'

export type Adjustment = {
  accountId: string
  /** Makes a repeated call harmless: a balance is corrected once a reference. */
  reference: string
  /** Positive is the customer's gain; not 0. */
  credits: MicroCredits
  /** The request it corrects; its record keeps what was charged. */
  requestId: string | null
  reason: string
}

export type StoredAdjustment = typeof adjustments.$inferSelect

/**
 * `repeated`: same reference, credits and request, no second effect. `conflict`: the reference was
 * used otherwise. `overdraft`: it takes more than is available. `no_request`: the account has no
 * ended request with that id. `too_much`: the balance would pass what the ledger can count.
 */
export type AdjustOutcome =
  | 'adjusted'
  | 'repeated'
  | 'conflict'
  | 'overdraft'
  | 'no_request'
  | 'no_account'
  | 'too_much'

type Answer = {
  outcome: AdjustOutcome
  /** What is available then; null where nobody asked the account. */
  available: MicroCredits | null
  /** The reason that is stored; null where nothing is. */
  reason: string | null
}

/** Corrects a balance: `adjust_v1`, one statement. */
export async function adjust(db: PostgresJsDatabase, adjustment: Adjustment): Promise<Answer> {
  const { accountId, reference, credits, requestId, reason } = adjustment
  try {
    const [row] = await db
      .select({
        outcome: sql<AdjustOutcome>`outcome`,
        available: sql<bigint | null>`available`.mapWith(BigInt),
        reason: sql<string | null>`reason`,
      })
      .from(
        sql`adjust_v1(${accountId}::uuid, ${reference}::text, ${credits.toString()}::bigint,
          ${requestId}::uuid, ${reason}::text)`,
      )
    if (!row) throw new Error('adjust_v1 gave no answer')
    return row
  } catch (error) {
    if (isOutOfRange(error)) return { outcome: 'too_much', available: null, reason: null }
    throw error
  }
}

/** What corrected a request, in order. */
export function adjustmentsOf(
  db: PostgresJsDatabase,
  requestId: string,
): Promise<StoredAdjustment[]> {
  return db
    .select()
    .from(adjustments)
    .where(eq(adjustments.requestId, requestId))
    .orderBy(adjustments.createdAt)
}
