import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { MicroCredits } from '../../domain/credits.ts'
import type { CorrectionPhase, CorrectionPlace } from './price-corrections.ts'

/** A step of a correction: requests at the right cost, and how far they bring the phase. */
export type CorrectionStep = {
  reference: string
  /** Where the correction has to stand, so that nothing is done twice. */
  from: CorrectionPlace
  /** The last request of the step; null ends the phase. */
  last: string | null
  requests: CostedRequest[]
  leftAlone: number
  assumedMarkups: number
}

export type CostedRequest = {
  id: string
  accountId: string
  /** Null: it was charged at the right price. */
  cost: MicroCredits | null
  /** Its record was that of a crash, which a late result may replace. */
  isCrashed: boolean
}

/** What is due for a request; negative is to be given back. */
export type RequestDue = {
  id: string
  accountId: string
  charged: MicroCredits
  cost: MicroCredits
  due: MicroCredits
}

/** What is due for requests at the right cost, as of now: `price_dues_v1`, which only reads. */
export function readDues(db: PostgresJsDatabase, requests: CostedRequest[]): Promise<RequestDue[]> {
  return db
    .select({
      id: sql<string>`id`,
      accountId: sql<string>`account_id`,
      charged: sql`charged`.mapWith(BigInt),
      cost: sql`cost`.mapWith(BigInt),
      due: sql`due`.mapWith(BigInt),
    })
    .from(sql`price_dues_v1(${batchOf(requests)}::text::json)`)
}

/**
 * Takes a step of a correction, once: `correct_prices_v1`, one statement.
 * @returns where the correction stands now, also where others have brought it further
 */
export async function takeStep(
  db: PostgresJsDatabase,
  step: CorrectionStep,
): Promise<CorrectionPlace> {
  const { reference, from, last, requests, leftAlone, assumedMarkups } = step
  const [place] = await db
    .select({ phase: sql<CorrectionPhase>`phase`, cursor: sql<string>`cursor` })
    .from(
      sql`correct_prices_v1(${reference}::text, ${from.phase}::text, ${from.cursor}::uuid,
        ${last}::uuid, ${batchOf(requests)}::text::json, ${leftAlone}::int, ${assumedMarkups}::int)`,
    )
  if (!place) throw new Error(`there is no price correction ${reference}`)
  return place
}

function batchOf(requests: CostedRequest[]): string {
  return JSON.stringify(
    requests.map(({ id, accountId, cost, isCrashed }) => ({
      id,
      account_id: accountId,
      cost: cost?.toString() ?? null,
      crashed: isCrashed,
    })),
  )
}
