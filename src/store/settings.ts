import { eq } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { settings } from './schema.ts'

const NAME = 'credits_per_usd'

/**
 * Writes CREDITS_PER_USD at the first start. Every balance depends on it, so it never changes.
 * @throws Error when the database was started with another value
 */
export async function pinCreditsPerUsd(db: PostgresJsDatabase, value: bigint): Promise<void> {
  await db.insert(settings).values({ name: NAME, value: value.toString() }).onConflictDoNothing()
  const [row] = await db.select().from(settings).where(eq(settings.name, NAME))
  if (row?.value === value.toString()) return
  throw new Error(
    `CREDITS_PER_USD is ${value}, but this database was started with ${row?.value}: ` +
      'balances are counted in it, so set it back',
  )
}

/** CREDITS_PER_USD as it was pinned at the first start. */
export async function readCreditsPerUsd(db: PostgresJsDatabase): Promise<bigint> {
  const [row] = await db.select().from(settings).where(eq(settings.name, NAME))
  if (!row) throw new Error('this database has no CREDITS_PER_USD yet')
  return BigInt(row.value)
}

/** @returns whether this is the first call with this name since the database was made */
export async function claimOnce(db: PostgresJsDatabase, name: string): Promise<boolean> {
  const value = new Date().toISOString()
  const rows = await db.insert(settings).values({ name, value }).onConflictDoNothing().returning()
  return rows.length > 0
}
