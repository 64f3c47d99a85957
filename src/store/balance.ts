import { eq, inArray, sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { MicroCredits } from '../domain/credits.ts'
import { accounts, adjustments, grants } from './schema.ts'

export type Balance = {
  posted: MicroCredits
  held: MicroCredits
  /** Everything ever put in: grants and adjustments. */
  granted: MicroCredits
}

/**
 * The account's balance at one moment; null when there is no such account. What it was given is in
 * tables of their own: its ledger may have millions of charges.
 */
export async function readBalance(
  db: PostgresJsDatabase,
  accountId: string,
): Promise<Balance | null> {
  const granted = sql`(
    select coalesce(sum(given.credits), 0) from (
      select g.account_id, g.credits from ${grants} g
      union all
      select a.account_id, a.credits from ${adjustments} a) given
    where given.account_id = ${accounts.id})`
  const [row] = await db
    .select({ posted: accounts.posted, held: accounts.held, granted: granted.mapWith(BigInt) })
    .from(accounts)
    .where(eq(accounts.id, accountId))
  return row ? { ...row, granted: row.granted } : null
}

/** Accounts of one statement. */
const ACCOUNTS_AT_ONCE = 1_000

/** What these accounts have available, by their ids. */
export async function availableOf(
  db: PostgresJsDatabase,
  accountIds: string[],
): Promise<Map<string, MicroCredits>> {
  const found = new Map<string, MicroCredits>()
  for (let at = 0; at < accountIds.length; at += ACCOUNTS_AT_ONCE) {
    const rows = await db
      .select({ id: accounts.id, posted: accounts.posted, held: accounts.held })
      .from(accounts)
      .where(inArray(accounts.id, accountIds.slice(at, at + ACCOUNTS_AT_ONCE)))
    for (const { id, posted, held } of rows) found.set(id, posted - held)
  }
  return found
}
