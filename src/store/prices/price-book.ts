import { max, sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { modelOfName, NAME_LENGTH_MAX, type NameRule } from '../../domain/model-names.ts'
import type { Price } from '../../domain/prices/price.ts'
import { type DatedPrice, priceInForce } from '../../domain/prices/price-in-force.ts'
import { priceNames, prices } from '../schema.ts'
import { datedPrice } from './price-details.ts'

/** Names whose model is remembered; past that they are looked for anew. */
const NAMES_MAX = 10_000

/** All prices at one moment, and which of them a model's name stands for. */
export class PriceBook {
  readonly #dated: ReadonlyMap<string, readonly DatedPrice[]>
  readonly #rules: ReadonlyMap<string, readonly NameRule[]>
  readonly #models = new Map<string, string>()

  constructor(rows: (typeof prices.$inferSelect)[], names: (typeof priceNames.$inferSelect)[]) {
    this.#dated = groupByModel(rows)
    this.#rules = groupRules(names)
  }

  /** The price of a provider's model for a call that begins at a time; null where none is known. */
  priceAt(provider: string, model: string, at: Date): Price | null {
    const own = this.#ownPriceAt(provider, model, at)
    if (own !== null) return own
    const priced = this.modelOf(provider, model)
    return priced === model ? null : this.#ownPriceAt(provider, priced, at)
  }

  /** The name under which the prices of a model were entered; null where none were. */
  pricedAs(provider: string, model: string): string | null {
    if (this.#dated.has(keyOf(provider, model))) return model
    const priced = this.modelOf(provider, model)
    return this.#dated.has(keyOf(provider, priced)) ? priced : null
  }

  /** The model whose price a name has that has none of its own: as an imported rule says. */
  modelOf(provider: string, name: string): string {
    const rules = this.#rules.get(provider)
    if (rules === undefined || name.length > NAME_LENGTH_MAX) return name
    const key = keyOf(provider, name)
    const known = this.#models.get(key)
    if (known !== undefined) return known
    const model = modelOfName(rules, name) ?? name
    if (this.#models.size >= NAMES_MAX) this.#models.clear() // clients choose what they ask for
    this.#models.set(key, model)
    return model
  }

  #ownPriceAt(provider: string, model: string, at: Date): Price | null {
    return priceInForce(this.#dated.get(keyOf(provider, model)) ?? [], at)
  }
}

type Reading = { mark: string; book: PriceBook }

/** The newest reading of each database. */
const readings = new WeakMap<PostgresJsDatabase, Reading>()

/** Reads all prices, unless none has been entered since the last time: there may be thousands. */
export async function readPriceBook(db: PostgresJsDatabase): Promise<PriceBook> {
  const mark = await readMark(db)
  const known = readings.get(db)
  if (known?.mark === mark) return known.book
  const [rows, names] = await Promise.all([
    db.select().from(prices),
    db.select().from(priceNames).orderBy(priceNames.catalogue),
  ])
  const book = new PriceBook(rows, names)
  readings.set(db, { mark, book })
  return book
}

/** Another one as soon as a row is entered or taken out: rows are never changed. */
async function readMark(db: PostgresJsDatabase): Promise<string> {
  const [mark] = await db
    .select({
      prices: sql<string>`count(*)`,
      newest: max(prices.createdAt),
      names: sql<string>`(select coalesce(max(${priceNames.createdAt})::text, '')
        || count(*) from ${priceNames})`,
    })
    .from(prices)
  return JSON.stringify(mark)
}

/** Prices by provider and model, newest first. */
function groupByModel(rows: (typeof prices.$inferSelect)[]): Map<string, DatedPrice[]> {
  const grouped = new Map<string, DatedPrice[]>()
  const newestFirst = rows.toSorted((a, b) => b.effectiveFrom.getTime() - a.effectiveFrom.getTime())
  for (const row of newestFirst) {
    const key = keyOf(row.provider, row.model)
    const group = grouped.get(key) ?? []
    group.push(datedPrice(row))
    grouped.set(key, group)
  }
  return grouped
}

function groupRules(names: (typeof priceNames.$inferSelect)[]): Map<string, NameRule[]> {
  const grouped = new Map<string, NameRule[]>()
  for (const { provider, rules } of names) {
    grouped.set(provider, [...(grouped.get(provider) ?? []), ...(rules as NameRule[])])
  }
  return grouped
}

function keyOf(provider: string, model: string): string {
  return JSON.stringify([provider, model])
}
