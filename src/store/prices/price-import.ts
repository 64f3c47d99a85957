import { eq, sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { NameRule } from '../../domain/model-names.ts'
import { prices } from '../schema.ts'
import type { PriceRow } from './prices.ts'

/** A price to enter, and how many its model had when that was decided. */
export type ImportedPrice = Omit<PriceRow, 'createdAt'> & { known: number }

/** Whose price a name has at a provider, by the rules of one provider of the catalogue. */
export type ImportedNames = {
  provider: string
  catalogue: string
  source: string
  rules: readonly NameRule[]
}

/** All prices of a provider. */
export function pricesOfProvider(db: PostgresJsDatabase, provider: string): Promise<PriceRow[]> {
  return db.select().from(prices).where(eq(prices.provider, provider))
}

/**
 * Enters prices and names, in one transaction: `import_prices_v1`.
 * @returns the ids of what was entered; the others were decided on what is no longer so
 */
export async function importPrices(
  db: PostgresJsDatabase,
  imported: readonly ImportedPrice[],
  names: readonly ImportedNames[],
): Promise<Set<string>> {
  const rows = imported.map((price) => ({
    id: price.id,
    provider: price.provider,
    model: price.model,
    effective_from: price.effectiveFrom.toISOString(),
    input: price.input.toString(),
    cached_input: price.cachedInput.toString(),
    output: price.output.toString(),
    reasoning: price.reasoning.toString(),
    request: price.request.toString(),
    details: price.details,
    source: price.source,
    known: price.known,
  }))
  const entered = await db
    .select({ id: sql<string>`id` })
    .from(
      sql`import_prices_v1(${JSON.stringify(rows)}::text::json, ${JSON.stringify(names)}::text::json)`,
    )
  return new Set(entered.map(({ id }) => id))
}
