import { and, asc, DrizzleQueryError, eq, gt, sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { type Page, rowsToRead, type Slice, sliceOf } from './cursor.ts'
import { providers } from './schema.ts'

/** A provider as stored; its key is encrypted. */
export type Provider = typeof providers.$inferSelect

/** A name of a list, and what is stored under it: null is the environment's provider. */
export type Named = { name: string; provider: Provider | null }

/** Providers by name, among them that of the environment. */
export async function listProviders(
  db: PostgresJsDatabase,
  page: Page,
  environment: string,
): Promise<Slice<Named>> {
  const name = sql<string>`named.name`
  const names = sql`(select p.name from ${providers} p union select ${environment}) as named (name)`
  const rows = await db
    .select({ name, provider: providers })
    .from(names)
    .leftJoin(providers, eq(providers.name, name))
    .where(page.after === null ? undefined : gt(name, page.after))
    .orderBy(asc(name))
    .limit(rowsToRead(page))
  return sliceOf(rows, page, (named) => named.name)
}

export function allProviders(db: PostgresJsDatabase): Promise<Provider[]> {
  return db.select().from(providers)
}

/** @returns whether the stored key was still the one that is replaced */
export async function replaceProviderKey(
  db: PostgresJsDatabase,
  name: string,
  known: Buffer,
  apiKey: Buffer,
): Promise<boolean> {
  const isKnown = and(eq(providers.name, name), eq(providers.apiKey, known))
  const rows = await db.update(providers).set({ apiKey }).where(isKnown).returning()
  return rows.length > 0
}

export async function findProvider(db: PostgresJsDatabase, name: string): Promise<Provider | null> {
  const [row] = await db.select().from(providers).where(eq(providers.name, name))
  return row ?? null
}

/** Makes the provider, or changes an existing one; a key that is left out stays. */
export async function putProvider(
  db: PostgresJsDatabase,
  provider: Omit<Provider, 'apiKey'> & { apiKey?: Buffer | null },
): Promise<Provider> {
  const [row] = await db
    .insert(providers)
    .values(provider)
    .onConflictDoUpdate({ target: providers.name, set: provider })
    .returning()
  if (!row) throw new Error('an upsert returned no row')
  return row
}

/** @returns the provider that is gone, null when there was none, or `in_use` by a route */
export async function deleteProvider(
  db: PostgresJsDatabase,
  name: string,
): Promise<Provider | 'in_use' | null> {
  try {
    const [row] = await db.delete(providers).where(eq(providers.name, name)).returning()
    return row ?? null
  } catch (error) {
    if (breaksProviderReference(error)) return 'in_use'
    throw error
  }
}

/** Whether a statement failed because a route would have been left without its provider. */
export function breaksProviderReference(error: unknown): boolean {
  return (
    error instanceof DrizzleQueryError &&
    error.cause instanceof postgres.PostgresError &&
    error.cause.constraint_name === 'routes_provider_providers_name_fk'
  )
}
