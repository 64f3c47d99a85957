import { and, desc, eq, lt, sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { MicroCredits } from '../domain/credits.ts'
import type { RateLimits, SpendLimit, SpendPeriod } from '../domain/tier.ts'
import { type Page, rowsToRead, type Slice, sliceOf } from './cursor.ts'
import { apiKeys } from './schema.ts'

const SPENT = sql<
  bigint | null
>`${apiKeys.spendLimit} - spend_left_v1(${apiKeys.id}, clock_timestamp())`

/** What is shown of a key: not its hash. */
const SHOWN = {
  id: apiKeys.id,
  accountId: apiKeys.accountId,
  name: apiKeys.name,
  hint: apiKeys.hint,
  expiresAt: apiKeys.expiresAt,
  revokedAt: apiKeys.revokedAt,
  models: apiKeys.models,
  requestsPerMinute: apiKeys.requestsPerMinute,
  tokensPerMinute: apiKeys.tokensPerMinute,
  concurrency: apiKeys.concurrency,
  spendLimit: apiKeys.spendLimit,
  spendPeriod: apiKeys.spendPeriod,
  spent: SPENT.mapWith(BigInt),
  createdAt: apiKeys.createdAt,
}

export type ApiKey = RateLimits & {
  id: string
  accountId: string
  name: string | null
  hint: string
  /** Null is never. */
  expiresAt: Date | null
  revokedAt: Date | null
  /** Null is all that the account's tier allows. */
  models: string[] | null
  /** What it may spend in a period, and has spent in the one that runs; null where not limited. */
  spendLimit: MicroCredits | null
  spendPeriod: SpendPeriod | null
  spent: MicroCredits | null
  createdAt: Date
}

type Settings = Pick<ApiKey, 'name' | 'expiresAt' | 'models' | keyof RateLimits>

/** What can be changed; what is left out stays. */
export type ApiKeyChange = Partial<Settings> & { spend?: SpendLimit | null }

export type NewApiKey = Pick<ApiKey, 'id' | 'accountId' | 'hint'> &
  Settings & { hash: Buffer; spend?: SpendLimit | null }

/** Stores a key of an account that exists. */
export async function createKey(
  db: PostgresJsDatabase,
  { spend = null, ...key }: NewApiKey,
): Promise<ApiKey> {
  const [row] = await db.insert(apiKeys).values(key).returning(SHOWN)
  if (!row) throw new Error('an insert without a conflict clause returned no row')
  if (spend === null) return row
  await limitSpend(db, key.id, spend)
  return (await findApiKey(db, key.id)) ?? row
}

/** `limit_spend_v1`: what the key has spent in the running period counts. */
async function limitSpend(db: PostgresJsDatabase, id: string, spend: SpendLimit | null) {
  const [amount, period] = [spend?.amount.toString() ?? null, spend?.period ?? null]
  await db.execute(sql`select limit_spend_v1(${id}::uuid, ${amount}::bigint, ${period}::text)`)
}

/** A key of any account, revoked or not; null when there is none. */
export async function findApiKey(db: PostgresJsDatabase, id: string): Promise<ApiKey | null> {
  const [row] = await db.select(SHOWN).from(apiKeys).where(eq(apiKeys.id, id))
  return row ?? null
}

/** The keys of an account, newest first, revoked ones too. */
export async function listKeys(
  db: PostgresJsDatabase,
  accountId: string,
  page: Page,
): Promise<Slice<ApiKey>> {
  const after = page.after === null ? undefined : lt(apiKeys.id, page.after)
  const rows = await db
    .select(SHOWN)
    .from(apiKeys)
    .where(and(eq(apiKeys.accountId, accountId), after))
    .orderBy(desc(apiKeys.id))
    .limit(rowsToRead(page))
  return sliceOf(rows, page, (key) => key.id)
}

/** @returns the key as it is now; null when there is none */
export async function updateKey(
  db: PostgresJsDatabase,
  id: string,
  { spend, ...change }: ApiKeyChange,
): Promise<ApiKey | null> {
  if (spend !== undefined) await limitSpend(db, id, spend)
  if (Object.keys(change).length === 0) return findApiKey(db, id)
  const [row] = await db.update(apiKeys).set(change).where(eq(apiKeys.id, id)).returning(SHOWN)
  return row ?? null
}

/** Revokes a key for good; the time of the first call stays. Null when there is no such key. */
export async function revokeKey(db: PostgresJsDatabase, id: string): Promise<ApiKey | null> {
  const [row] = await db
    .update(apiKeys)
    .set({ revokedAt: sql`coalesce(${apiKeys.revokedAt}, clock_timestamp())` })
    .where(eq(apiKeys.id, id))
    .returning(SHOWN)
  return row ?? null
}
