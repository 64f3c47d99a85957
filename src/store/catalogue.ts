import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { ModelLimits } from '../domain/bounds.ts'
import type { Price } from '../domain/price.ts'
import type { Tier } from '../domain/tier.ts'
import { models, prices, tiers } from './schema.ts'

export type DatedPrice = Price & { effectiveFrom: Date }
export type Model = ModelLimits & { name: string; createdAt: Date }

/** Tiers, models and prices at one moment. Immutable: a change makes a new one. */
export type Catalogue = {
  tiers: ReadonlyMap<string, Tier>
  models: ReadonlyMap<string, Model>
  /** The price of a provider's model at a time; null when nobody set one. */
  priceAt(provider: string, model: string, at: Date): Price | null
}

/** Reads the whole catalogue: three statements. */
export async function loadCatalogue(db: PostgresJsDatabase): Promise<Catalogue> {
  const [tierRows, modelRows, priceRows] = await Promise.all([
    db.select().from(tiers),
    db.select().from(models),
    db.select().from(prices),
  ])
  const dated = groupByModel(priceRows)
  return {
    tiers: new Map(tierRows.map((row) => [row.name, row])),
    models: new Map(modelRows.map((row) => [row.name, row])),
    priceAt: (provider, model, at) =>
      dated.get(priceKey(provider, model))?.find((price) => price.effectiveFrom <= at) ?? null,
  }
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
