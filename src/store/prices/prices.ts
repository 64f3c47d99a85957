import { isDeepStrictEqual } from 'node:util'
import { and, desc, eq, lt, sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type Page, rowsToRead, type Slice, sliceOf } from '../cursor.ts'
import { prices } from '../schema.ts'

/** Amounts in nano-USD per million tokens; `request` in nano-USD a call. */
export type PriceRow = typeof prices.$inferSelect

/** `effectiveFrom` left out is now. For `details` see `PriceDetails`. */
export type NewPrice = Omit<PriceRow, 'effectiveFrom' | 'createdAt'> & { effectiveFrom?: Date }

/** The `source` of a price that somebody entered. */
export const MANUAL = 'manual'

type Filter = { provider?: string | undefined; model?: string | undefined }

const TERMS = ['input', 'cachedInput', 'output', 'reasoning', 'request', 'details'] as const

/** Prices, the newest entered first. */
export async function listPrices(
  db: PostgresJsDatabase,
  filter: Filter,
  page: Page,
): Promise<Slice<PriceRow>> {
  const rows = await db
    .select()
    .from(prices)
    .where(
      and(
        filter.provider === undefined ? undefined : eq(prices.provider, filter.provider),
        filter.model === undefined ? undefined : eq(prices.model, filter.model),
        page.after === null ? undefined : lt(prices.id, page.after),
      ),
    )
    .orderBy(desc(prices.id))
    .limit(rowsToRead(page))
  return sliceOf(rows, page, (price) => price.id)
}

/**
 * Enters a price. Prices are never changed: an entry with the same provider, model and date is
 * either equal (`repeated`) or a `conflict`.
 */
export async function createPrice(
  db: PostgresJsDatabase,
  price: NewPrice,
): Promise<{ outcome: 'created' | 'repeated'; price: PriceRow } | { outcome: 'conflict' }> {
  // Whole milliseconds, so that the date shown is the date stored.
  const effectiveFrom = price.effectiveFrom ?? sql`date_trunc('milliseconds', clock_timestamp())`
  const target = [prices.provider, prices.model, prices.effectiveFrom]
  const [created] = await db
    .insert(prices)
    .values({ ...price, effectiveFrom })
    .onConflictDoNothing({ target })
    .returning()
  if (created) return { outcome: 'created', price: created }
  const existing = price.effectiveFrom ? await findVersion(db, price, price.effectiveFrom) : null
  if (!existing || !isSamePrice(existing, price)) return { outcome: 'conflict' }
  return { outcome: 'repeated', price: existing }
}

/** Whether two prices cost the same, whatever their dates. */
export function isSamePrice(
  one: Pick<PriceRow, (typeof TERMS)[number]>,
  other: Pick<PriceRow, (typeof TERMS)[number]>,
): boolean {
  return TERMS.every((name) => isDeepStrictEqual(one[name], other[name]))
}

async function findVersion(
  db: PostgresJsDatabase,
  { provider, model }: NewPrice,
  effectiveFrom: Date,
): Promise<PriceRow | null> {
  const version = and(
    eq(prices.provider, provider),
    eq(prices.model, model),
    eq(prices.effectiveFrom, effectiveFrom),
  )
  const [row] = await db.select().from(prices).where(version)
  return row ?? null
}
