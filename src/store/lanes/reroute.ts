import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'

/**
 * `reroute_v1`: pins other terms on a running hold, for whoever looks at it or settles it after a
 * crash. Nothing happens where it has ended.
 */
export async function reroute(
  db: PostgresJsDatabase,
  id: string,
  terms: Record<string, unknown>,
): Promise<void> {
  await db.select().from(sql`reroute_v1(${id}::uuid, ${JSON.stringify(terms)}::text::json)`)
}
