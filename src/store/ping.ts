import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'

/** Resolves when Postgres has answered. */
export async function ping(db: PostgresJsDatabase): Promise<void> {
  await db.execute(sql`select 1`)
}
