import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'

/**
 * Resolves when Postgres has answered that it takes changes.
 * @throws Error where it is read-only, as a standby is
 */
export async function ping(db: PostgresJsDatabase): Promise<void> {
  const [row] = await db.execute<{ read_only: string }>(
    sql`select current_setting('transaction_read_only') as read_only`,
  )
  if (row?.read_only === 'on') throw new Error('Postgres is read-only')
}
