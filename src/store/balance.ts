import { eq, inArray, sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { MicroCredits } from '../domain/credits.ts'
import { accounts, ledger } from './schema.ts'

export type Balance = {
  posted: MicroCredits
  held: MicroCredits
  /** Everything ever put in: grants and adjustments. */
  granted: MicroCredits
}

/** The account's balance at one moment; null when there is no such account. */
export async function readBalance(
  db: PostgresJsDatabase,
  accountId: string,
): Promise<Balance | null> {
  const granted = sql`(select coalesce(sum(l.amount), 0) from ${ledger} l
    where l.account_id = ${accounts.id} and l.kind in ('grant', 'adjustment'))`
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
