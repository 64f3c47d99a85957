import { fileURLToPath } from 'node:url'
import { sql } from 'drizzle-orm'
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { migrate as applyMigrations } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'
import { checkServer } from './check-server.ts'

const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url))

/** The advisory lock that lets one instance migrate while the others wait: 'toll' in ASCII. */
const LOCK = 0x746f6c6c

/** Months of `requests` partitions that exist ahead of time. */
const PARTITION_MONTHS_AHEAD = 3

/** Milliseconds that partitions made while requests are served may wait for a lock. */
const LOCK_TIMEOUT_MS = 2_000

/**
 * Brings the database to the current schema. Safe when several instances start at once: they take
 * turns, and the later ones find nothing to do.
 * @throws Error also where this Postgres can not be used at all
 */
export async function migrate(url: string): Promise<void> {
  const client = postgres(url, { max: 1, onnotice: () => {} })
  try {
    await checkServer(client)
    await client`select pg_advisory_lock(${LOCK})`
    await applyMigrations(drizzle(client), { migrationsFolder: MIGRATIONS })
    await client`select ensure_request_partitions_v2(${PARTITION_MONTHS_AHEAD})`
  } finally {
    await client.end({ timeout: 5 }) // ends the session, and the lock with it
  }
}

/** Makes the partitions of the months to come, for a server that is not started again for long. */
export async function ensureRequestPartitions(db: PostgresJsDatabase): Promise<void> {
  await db.execute(sql`select set_config('lock_timeout', ${String(LOCK_TIMEOUT_MS)}, true),
    ensure_request_partitions_v2(${PARTITION_MONTHS_AHEAD}::int)`)
}
