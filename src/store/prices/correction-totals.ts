import { desc, eq, sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { MicroCredits } from '../../domain/credits.ts'
import { priceCorrectionAccounts } from '../schema.ts'

/** What a correction does to an account. */
export type AccountCorrection = {
  accountId: string
  requests: number
  /** What its requests were charged in the end, and what they cost at the right price. */
  charged: MicroCredits
  cost: MicroCredits
  given: MicroCredits
  /** What is to be taken, and what is or can be: the rest is uncollected. */
  due: MicroCredits
  taken: MicroCredits
}

/** The sums over all accounts. */
export type CorrectionTotals = Omit<AccountCorrection, 'accountId'> & { accounts: number }

/** The sums of a correction over all its accounts. */
export async function correctionTotals(
  db: PostgresJsDatabase,
  reference: string,
): Promise<CorrectionTotals> {
  const t = priceCorrectionAccounts
  const sumOf = (column: unknown) => sql`coalesce(sum(${column}), 0)`
  const [row] = await db
    .select({
      accounts: sql`count(*)`.mapWith(Number),
      requests: sumOf(t.requests).mapWith(Number),
      charged: sumOf(t.charged).mapWith(BigInt),
      cost: sumOf(t.cost).mapWith(BigInt),
      given: sumOf(t.given).mapWith(BigInt),
      due: sumOf(t.due).mapWith(BigInt),
      taken: sumOf(t.taken).mapWith(BigInt),
    })
    .from(t)
    .where(eq(t.reference, reference))
  if (!row) throw new Error('Postgres summed up nothing')
  return row
}

/** The accounts that a correction moved most, the first so many. */
export function largestCorrections(
  db: PostgresJsDatabase,
  reference: string,
  limit: number,
): Promise<AccountCorrection[]> {
  const t = priceCorrectionAccounts
  return db
    .select({
      accountId: t.accountId,
      requests: t.requests,
      charged: t.charged,
      cost: t.cost,
      given: t.given,
      due: t.due,
      taken: t.taken,
    })
    .from(t)
    .where(eq(t.reference, reference))
    .orderBy(desc(sql`greatest(${t.given}, ${t.due})`), t.accountId)
    .limit(limit)
}
