import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'

/**
 * How far our clock is from that of Postgres, at least: what the way to it may have taken is left
 * out, so that a slow answer is no difference.
 * @returns milliseconds; above zero our clock is ahead
 */
export async function clockOffset(db: PostgresJsDatabase): Promise<number> {
  const asked = Date.now()
  const [row] = await db.execute<{ now: string }>(
    sql`select extract(epoch from clock_timestamp()) * 1000 as now`,
  )
  const there = Math.round(Number(row?.now))
  const answered = Date.now()
  return Math.max(asked - there, 0) + Math.min(answered - there, 0)
}
