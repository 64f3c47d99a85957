import { and, desc, eq, getTableColumns, lt } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type Page, rowsToRead, type Slice, sliceOf } from './cursor.ts'
import { adjustments, ledger } from './schema.ts'

export type LedgerEntry = typeof ledger.$inferSelect & {
  /** Why an operator made it; null but for adjustments. */
  reason: string | null
}

/** The ledger of an account, newest first. The page's key is `seq`. */
export async function listEntries(
  db: PostgresJsDatabase,
  accountId: string,
  page: Page,
): Promise<Slice<LedgerEntry>> {
  const after = page.after === null ? undefined : lt(ledger.seq, Number(page.after))
  const rows = await db
    .select({ ...getTableColumns(ledger), reason: adjustments.reason })
    .from(ledger)
    .leftJoin(
      adjustments,
      and(
        eq(ledger.kind, 'adjustment'),
        eq(adjustments.accountId, ledger.accountId),
        eq(adjustments.reference, ledger.reference),
      ),
    )
    .where(and(eq(ledger.accountId, accountId), after))
    .orderBy(desc(ledger.seq))
    .limit(rowsToRead(page))
  return sliceOf(rows, page, (entry) => entry.seq.toString())
}
