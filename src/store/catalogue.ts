import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { Price } from '../domain/prices/price.ts'
import type { Tier } from '../domain/tier.ts'
import { allModels, type Model, type Route } from './models.ts'
import { readPriceBook } from './prices/price-book.ts'
import type { Provider } from './providers.ts'
import { providers, tiers } from './schema.ts'

/** Tiers, models, providers and prices at one moment. Immutable: a change makes a new one. */
export type Catalogue = {
  tiers: ReadonlyMap<string, Tier>
  models: ReadonlyMap<string, Model>
  providers: ReadonlyMap<string, Provider>
  /**
   * The price of a provider's model for a call that begins at a time; null when nobody set one.
   */
  priceAt(provider: string, model: string, at: Date): Price | null
  /** The name under which its prices were entered; null when nobody set one. */
  pricedAs(provider: string, model: string): string | null
}

/** Readings until one is whole: only a change in the midst of each can make more of them. */
const READ_TRIES_MAX = 5

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
  const catalogue = await readWhole(db)
  const known = newest.get(db)
  if (known && known.reading > reading) return known.catalogue
  newest.set(db, { reading, catalogue })
  return catalogue
}

/** Reads until every route finds its provider: the tables are not read at one moment. */
async function readWhole(db: PostgresJsDatabase): Promise<Catalogue> {
  for (let tries = 1; ; tries += 1) {
    const catalogue = await readCatalogue(db)
    const { models, providers } = catalogue
    const isMissing = ({ source, provider }: Route) => source !== 'env' && !providers.has(provider)
    const isTorn = [...models.values()].some(({ routes }) => routes.some(isMissing))
    if (!isTorn || tries === READ_TRIES_MAX) return catalogue
  }
}

/**
 * One statement a table. Models come first, so that the providers of their routes are found,
 * unless they were taken out in between.
 */
async function readCatalogue(db: PostgresJsDatabase): Promise<Catalogue> {
  const modelRows = await allModels(db)
  const [tierRows, providerRows, priceBook] = await Promise.all([
    db.select().from(tiers),
    db.select().from(providers),
    readPriceBook(db),
  ])
  return {
    tiers: byName(tierRows),
    models: byName(modelRows),
    providers: byName(providerRows),
    priceAt: (provider, model, at) => priceBook.priceAt(provider, model, at),
    pricedAs: (provider, model) => priceBook.pricedAs(provider, model),
  }
}

function byName<Row extends { name: string }>(rows: Row[]): Map<string, Row> {
  return new Map(rows.map((row) => [row.name, row]))
}
