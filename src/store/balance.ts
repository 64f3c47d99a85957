import { eq, sql } from 'drizzle-orm'
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
