import { asc, DrizzleQueryError, eq, gt } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { type Page, rowsToRead, type Slice, sliceOf } from './cursor.ts'
import { providers } from './schema.ts'

/** A provider as stored; its key is encrypted. */
export type Provider = typeof providers.$inferSelect

/** Providers by name. */
export async function listProviders(db: PostgresJsDatabase, page: Page): Promise<Slice<Provider>> {
  const rows = await db
    .select()
    .from(providers)
    .where(page.after === null ? undefined : gt(providers.name, page.after))
    .orderBy(asc(providers.name))
    .limit(rowsToRead(page))
  return sliceOf(rows, page, (provider) => provider.name)
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
