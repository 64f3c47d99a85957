import { and, desc, eq, lt } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type Page, rowsToRead, type Slice, sliceOf } from './cursor.ts'
import { ledger } from './schema.ts'

export type LedgerEntry = typeof ledger.$inferSelect

/** The ledger of an account, newest first. The page's key is `seq`. */
export async function listEntries(
  db: PostgresJsDatabase,
  accountId: string,
  page: Page,
): Promise<Slice<LedgerEntry>> {
  const after = page.after === null ? undefined : lt(ledger.seq, Number(page.after))
  const rows = await db
    .select()
    .from(ledger)
    .where(and(eq(ledger.accountId, accountId), after))
    .orderBy(desc(ledger.seq))
    .limit(rowsToRead(page))
  return sliceOf(rows, page, (entry) => entry.seq.toString())
}
