import { randomUUIDv7 } from 'node:crypto'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { importPrices, pricesOfProvider } from '../store/prices/price-import.ts'
import type { PriceRow } from '../store/prices/prices.ts'
import type { PriceCatalogue } from './catalogue.ts'
import { type Offer, offerOf } from './offer.ts'
import { type PlannedPrice, planPrices } from './plan.ts'

export type ImportOptions = {
  /** The provider's id in the catalogue; null is all of them. */
  provider: string | null
  /** Our name of it, where it is another one. */
  as: string | null
  /** Null is now. */
  effectiveFrom: Date | null
  replaceManual: boolean
}

/** What an import does, or would do, to one of our providers. */
export type ProviderImport = { provider: string; offer: Offer; prices: PlannedPrice[] }

/** Prices that one import may enter: many times what the catalogue has. */
export const IMPORT_PRICES_MAX = 50_000

/**
 * What an import would change, and from when. Now is later than what was read: so what another
 * import entered before is in force by then, and is not entered once more for a moment earlier.
 * @returns null where the catalogue has no such provider
 */
export async function planImport(
  db: PostgresJsDatabase,
  { source, providers }: PriceCatalogue,
  { provider: wanted, as, effectiveFrom, replaceManual }: ImportOptions,
): Promise<{ from: Date; planned: ProviderImport[] } | null> {
  const chosen = wanted === null ? providers : providers.filter(({ id }) => id === wanted)
  if (chosen.length === 0) return null
  const stored = new Map<string, PriceRow[]>()
  for (const { id } of chosen) stored.set(id, await pricesOfProvider(db, as ?? id))
  const from = effectiveFrom ?? new Date()
  const planned = chosen.map((each): ProviderImport => {
    const offer = offerOf(each, providers, from)
    const prices = planPrices(offer, stored.get(each.id) ?? [], { source, replaceManual })
    return { provider: as ?? each.id, offer, prices }
  })
  return { from, planned }
}

/**
 * Enters what was planned.
 * @returns how many prices were not entered, since others were entered meanwhile
 */
export async function applyImport(
  db: PostgresJsDatabase,
  source: string,
  planned: readonly ProviderImport[],
): Promise<number> {
  const rows = planned.flatMap(({ provider, prices }) =>
    prices.flatMap((one) => {
      if (one.status !== 'new' && one.status !== 'changed') return []
      const { model, effectiveFrom, price, known } = one
      return [{ id: randomUUIDv7(), provider, model, effectiveFrom, ...price, source, known }]
    }),
  )
  if (rows.length > IMPORT_PRICES_MAX) throw new Error(`an import has ${rows.length} prices`)
  const names = planned.map(({ provider, offer: { catalogue, rules } }) => ({
    provider,
    catalogue,
    source,
    rules,
  }))
  const entered = await importPrices(db, rows, names)
  return rows.length - entered.size
}
