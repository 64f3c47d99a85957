import { and, desc, eq, getTableColumns, lt, sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type Page, rowsToRead, type Slice, sliceOf } from './cursor.ts'
import { adjustments, ledger, priceCorrections } from './schema.ts'

export { LEDGER_KINDS } from './schema.ts'

export type LedgerEntry = typeof ledger.$inferSelect & {
  /** Why an operator made it; null but for adjustments and price corrections. */
  reason: string | null
}

const REASON = sql<string | null>`coalesce(${adjustments.reason}, ${priceCorrections.reason})`

/** The ledger of an account, newest first. The page's key is `seq`. */
export async function listEntries(
  db: PostgresJsDatabase,
  accountId: string,
  page: Page,
): Promise<Slice<LedgerEntry>> {
  const after = page.after === null ? undefined : lt(ledger.seq, Number(page.after))
  const rows = await db
    .select({ ...getTableColumns(ledger), reason: REASON })
    .from(ledger)
    .leftJoin(
      adjustments,
      and(
        eq(ledger.kind, 'adjustment'),
        eq(adjustments.accountId, ledger.accountId),
        eq(adjustments.reference, ledger.reference),
      ),
    )
    .leftJoin(
      priceCorrections,
      and(eq(ledger.kind, 'price_correction'), eq(priceCorrections.reference, ledger.reference)),
    )
    .where(and(eq(ledger.accountId, accountId), after))
    .orderBy(desc(ledger.seq))
    .limit(rowsToRead(page))
  return sliceOf(rows, page, (entry) => entry.seq.toString())
}
