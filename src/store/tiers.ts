import { asc, DrizzleQueryError, eq, gt } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import type { Tier } from '../domain/tier.ts'
import { type Page, rowsToRead, type Slice, sliceOf } from './cursor.ts'
import { tiers } from './schema.ts'

const SHOWN = {
  name: tiers.name,
  models: tiers.models,
  markupPpm: tiers.markupPpm,
  maxOutputTokens: tiers.maxOutputTokens,
  holdOutputTokens: tiers.holdOutputTokens,
  requestsPerMinute: tiers.requestsPerMinute,
  tokensPerMinute: tiers.tokensPerMinute,
  concurrency: tiers.concurrency,
}

/** Tiers by name. */
export async function listTiers(db: PostgresJsDatabase, page: Page): Promise<Slice<Tier>> {
  const rows = await db
    .select(SHOWN)
    .from(tiers)
    .where(page.after === null ? undefined : gt(tiers.name, page.after))
    .orderBy(asc(tiers.name))
    .limit(rowsToRead(page))
  return sliceOf(rows, page, (tier) => tier.name)
}

export async function findTier(db: PostgresJsDatabase, name: string): Promise<Tier | null> {
  const [row] = await db.select(SHOWN).from(tiers).where(eq(tiers.name, name))
  return row ?? null
}

/** Makes the tier, or makes an existing one equal to it. */
export async function putTier(db: PostgresJsDatabase, tier: Tier): Promise<void> {
  const values = { ...tier, models: tier.models && [...tier.models] }
  await db.insert(tiers).values(values).onConflictDoUpdate({ target: tiers.name, set: values })
}

/** @returns the tier that is gone, null when there was none, or `in_use` by an account */
export async function deleteTier(
  db: PostgresJsDatabase,
  name: string,
): Promise<Tier | 'in_use' | null> {
  try {
    const [row] = await db.delete(tiers).where(eq(tiers.name, name)).returning(SHOWN)
    return row ?? null
  } catch (error) {
    if (breaksTierReference(error)) return 'in_use'
    throw error
  }
}

/** Whether a statement failed because an account would have been left with a tier that is not. */
export function breaksTierReference(error: unknown): boolean {
  return (
    error instanceof DrizzleQueryError &&
    error.cause instanceof postgres.PostgresError &&
    error.cause.constraint_name === 'accounts_tier_tiers_name_fk'
  )
}
