import { sql } from 'drizzle-orm'
import { bigint, customType, timestamp } from 'drizzle-orm/pg-core'

export const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' })

/** Micro-credits, or nano-USD in prices: always an integer. */
export const money = (name: string) => bigint(name, { mode: 'bigint' })
export const count = (name: string) => bigint(name, { mode: 'number' })

export const now = sql`clock_timestamp()`
export const createdAt = () =>
  timestamp('created_at', { withTimezone: true }).notNull().default(now)
