import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { Price } from '../domain/price.ts'
import type { Tier } from '../domain/tier.ts'
import { allModels, type Model } from './models.ts'
import type { Provider } from './providers.ts'
import { prices, providers, tiers } from './schema.ts'

export type DatedPrice = Price & { effectiveFrom: Date }

/** Tiers, models, providers and prices at one moment. Immutable: a change makes a new one. */
export type Catalogue = {
  tiers: ReadonlyMap<string, Tier>
  models: ReadonlyMap<string, Model>
  providers: ReadonlyMap<string, Provider>
  /** The price of a provider's model at a time; null when nobody set one. */
  priceAt(provider: string, model: string, at: Date): Price | null
}

/** The newest reading of each database. */
const newest = new WeakMap<PostgresJsDatabase, { reading: number; catalogue: Catalogue }>()
let readings = 0

/**
 * Reads the whole catalogue. A reading that is overtaken by one that began after it, as when its
 * connection has to be opened first, resolves to the newer one: nobody goes back to an older.
 */
export async function loadCatalogue(db: PostgresJsDatabase): Promise<Catalogue> {
  readings += 1
  const reading = readings
  const catalogue = await readCatalogue(db)
  const known = newest.get(db)
  if (known && known.reading > reading) return known.catalogue
  newest.set(db, { reading, catalogue })
  return catalogue
}

/**
 * One statement a table. Models come first, so that the providers of their routes are found,
 * unless they were taken out in between.
 */
async function readCatalogue(db: PostgresJsDatabase): Promise<Catalogue> {
  const modelRows = await allModels(db)
  const [tierRows, providerRows, priceRows] = await Promise.all([
    db.select().from(tiers),
    db.select().from(providers),
    db.select().from(prices),
  ])
  const dated = groupByModel(priceRows)
  return {
    tiers: byName(tierRows),
    models: byName(modelRows),
    providers: byName(providerRows),
    priceAt: (provider, model, at) =>
      dated.get(priceKey(provider, model))?.find((price) => price.effectiveFrom <= at) ?? null,
  }
}

function byName<Row extends { name: string }>(rows: Row[]): Map<string, Row> {
  return new Map(rows.map((row) => [row.name, row]))
}

/** Prices by provider and model, newest first. */
function groupByModel(rows: (DatedPrice & { provider: string; model: string })[]) {
  const grouped = new Map<string, DatedPrice[]>()
  const newestFirst = rows.toSorted((a, b) => b.effectiveFrom.getTime() - a.effectiveFrom.getTime())
  for (const row of newestFirst) {
    const key = priceKey(row.provider, row.model)
    const group = grouped.get(key) ?? []
    group.push(row)
    grouped.set(key, group)
  }
  return grouped
}

function priceKey(provider: string, model: string): string {
  return JSON.stringify([provider, model])
}
