import { sql } from 'drizzle-orm'
import { check, numeric, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import { count, createdAt } from './columns.ts'

/** The id below that of every request: nothing of a phase is done yet. */
const NOTHING_YET = '00000000-0000-0000-0000-000000000000'

/** Micro-credits of many requests at once: a price entered wrongly must not overflow them. */
const total = (name: string) => numeric(name, { mode: 'bigint' }).notNull().default(sql`0`)

/**
 * Price corrections, once a reference: the requests of a provider's model that began in a time, at
 * the prices that were known when the correction was. Credits are given back first, then taken.
 */
export const priceCorrections = pgTable(
  'price_corrections',
  {
    reference: text('reference').primaryKey(),
    provider: text('provider').notNull(),
    model: text('model').notNull(),
    since: timestamp('since', { withTimezone: true }).notNull(),
    /** Exclusive; null is no end. */
    until: timestamp('until', { withTimezone: true }),
    reason: text('reason').notNull(),
    phase: text('phase', { enum: ['give', 'take', 'done'] })
      .notNull()
      .default('give'),
    /** The requests up to this id are done with in this phase. */
    cursor: uuid('cursor').notNull().default(NOTHING_YET),
    /** Requests that nobody can price: without a price in force, or without a recorded usage. */
    leftAlone: count('left_alone').notNull().default(0),
    /** Requests whose record does not have their markup: their tier's of now was taken. */
    assumedMarkups: count('assumed_markups').notNull().default(0),
    createdAt: createdAt(),
  },
  (t) => [
    check('price_corrections_phase', sql`${t.phase} in ('give', 'take', 'done')`),
    check('price_corrections_time', sql`${t.since} < ${t.until}`),
  ],
)

/** What a price correction did to each account that has requests in it. */
export const priceCorrectionAccounts = pgTable(
  'price_correction_accounts',
  {
    reference: text('reference').notNull(),
    accountId: uuid('account_id').notNull(),
    requests: count('requests').notNull().default(0),
    /** What they were charged, corrected by earlier corrections, and what they cost. */
    charged: total('charged'),
    cost: total('cost'),
    given: total('given'),
    /** What was to be taken, and what was: the rest could not be paid. */
    due: total('due'),
    taken: total('taken'),
  },
  (t) => [primaryKey({ columns: [t.reference, t.accountId] })],
)
