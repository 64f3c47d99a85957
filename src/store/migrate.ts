import { fileURLToPath } from 'node:url'
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate as applyMigrations } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'

const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url))

/** The advisory lock that lets one instance migrate while the others wait: 'toll' in ASCII. */
const LOCK = 0x746f6c6c

/** Months of `requests` partitions that exist ahead of time. */
export const PARTITION_MONTHS_AHEAD = 3

/**
 * Brings the database to the current schema. Safe when several instances start at once: they take
 * turns, and the later ones find nothing to do.
 */
export async function migrate(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    await sql`select pg_advisory_lock(${LOCK})`
    await applyMigrations(drizzle(sql), { migrationsFolder: MIGRATIONS })
    await sql`select ensure_request_partitions_v1(${PARTITION_MONTHS_AHEAD})`
  } finally {
    await sql.end({ timeout: 5 }) // ends the session, and the lock with it
  }
}
