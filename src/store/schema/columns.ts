import { sql } from 'drizzle-orm'
import { bigint, customType, timestamp } from 'drizzle-orm/pg-core'

export const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' })

/**
 * A list of texts. Drizzle's own loses backslashes, and the driver's needs a query of its own on
 * each new connection, whose failure nobody would catch.
 */
export const textArray = customType<{ data: string[]; driverData: string }>({
  dataType: () => 'text[]',
  toDriver: (list) => `{${list.map((one) => `"${one.replace(/["\\]/g, '\\$&')}"`).join(',')}}`,
  fromDriver: (literal) =>
    Array.from(literal.matchAll(/"((?:[^"\\]|\\.)*)"|([^,{}]+)/gs), ([, quoted, plain]) =>
      quoted === undefined ? (plain as string) : quoted.replace(/\\(.)/gs, '$1'),
    ),
})

/** Micro-credits, or nano-USD in prices: always an integer. */
export const money = (name: string) => bigint(name, { mode: 'bigint' })
export const count = (name: string) => bigint(name, { mode: 'number' })

export const now = sql`clock_timestamp()`
export const createdAt = () =>
  timestamp('created_at', { withTimezone: true }).notNull().default(now)
