import { randomUUIDv7 } from 'node:crypto'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { importPrices, pricesOfProvider } from '../store/prices/price-import.ts'
import type { PriceCatalogue } from './catalogue.ts'
import { type Offer, offerOf } from './offer.ts'
import { type PlannedPrice, planPrices } from './plan.ts'

export type ImportOptions = {
  /** The provider's id in the catalogue; null is all of them. */
  provider: string | null
  /** Our name of it, where it is another one. */
  as: string | null
  effectiveFrom: Date
  replaceManual: boolean
}

/** What an import does, or would do, to one of our providers. */
export type ProviderImport = { provider: string; offer: Offer; prices: PlannedPrice[] }

/** Prices that one import may enter: many times what the catalogue has. */
export const IMPORT_PRICES_MAX = 50_000

/** What an import would change. @returns null where the catalogue has no such provider */
export async function planImport(
  db: PostgresJsDatabase,
  { source, providers }: PriceCatalogue,
  { provider: wanted, as, effectiveFrom, replaceManual }: ImportOptions,
): Promise<ProviderImport[] | null> {
  const chosen = wanted === null ? providers : providers.filter(({ id }) => id === wanted)
  if (chosen.length === 0) return null
  const planned: ProviderImport[] = []
  for (const each of chosen) {
    const provider = as ?? each.id
    const offer = offerOf(each, providers, effectiveFrom)
    const stored = await pricesOfProvider(db, provider)
    planned.push({ provider, offer, prices: planPrices(offer, stored, { source, replaceManual }) })
  }
  return planned
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
