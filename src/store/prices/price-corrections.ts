import { eq, getTableColumns, sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { priceCorrections } from '../schema.ts'

/** A provider's model, and when its requests began: `until` is exclusive, null is no end. */
export type CorrectedSpan = { provider: string; model: string; since: Date; until: Date | null }

/** What an operator asks for. The reference makes a repeated call harmless. */
export type NewCorrection = CorrectedSpan & { reference: string; reason: string }

/** `give`: credits are given back. `take`: what is missing is taken, where it is available. */
export type CorrectionPhase = 'give' | 'take' | 'done'

/** How far a correction has come. */
export type CorrectionPlace = { phase: CorrectionPhase; cursor: string }

export type PriceCorrection = typeof priceCorrections.$inferSelect & {
  /** When it was entered, exactly as Postgres has it. */
  asOf: string
}

/** Enters a correction, unless its reference stands for one already, whatever that is about. */
export async function enterCorrection(
  db: PostgresJsDatabase,
  correction: NewCorrection,
): Promise<PriceCorrection> {
  await db.insert(priceCorrections).values(correction).onConflictDoNothing()
  return readCorrection(db, correction.reference)
}

/** A correction that was entered. */
export async function readCorrection(
  db: PostgresJsDatabase,
  reference: string,
): Promise<PriceCorrection> {
  const [row] = await db
    .select({
      ...getTableColumns(priceCorrections),
      asOf: sql<string>`${priceCorrections.createdAt}::text`,
    })
    .from(priceCorrections)
    .where(eq(priceCorrections.reference, reference))
  if (!row) throw new Error(`there is no price correction ${reference}`)
  return row
}

/** The clock of Postgres, as `asOf` has it. */
export async function readClock(db: PostgresJsDatabase): Promise<string> {
  const [row] = await db.execute<{ at: string }>(sql`select clock_timestamp()::text as at`)
  if (!row) throw new Error('Postgres told no time')
  return row.at
}
