import { sql } from 'drizzle-orm'
import {
  check,
  index,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core'
import { accounts } from './accounts.ts'
import { count, createdAt, money, now } from './columns.ts'

/**
 * One row a process start. `dead`: its heartbeat stood still while another instance's went on, and
 * its holds are settled by whoever finds them. An instance that reads that of itself starts anew
 * under another id.
 */
export const instances = pgTable('instances', {
  id: uuid('id').primaryKey(),
  host: text('host').notNull(),
  startedAt: timestamp('started_at', { withTimezone: true }).notNull().default(now),
  heartbeatAt: timestamp('heartbeat_at', { withTimezone: true }).notNull().default(now),
  state: text('state', { enum: ['live', 'dead'] })
    .notNull()
    .default('live'),
})

/**
 * Open holds only: settling deletes the row, and its `requests` row is the terminal record.
 * Only the ledger functions write holds and ledger, for accounts they have locked, so these two
 * spare the hot path a foreign key.
 */
export const holds = pgTable(
  'holds',
  {
    id: uuid('id').primaryKey(),
    accountId: uuid('account_id').notNull(),
    keyId: uuid('key_id').notNull(),
    instanceId: uuid('instance_id').notNull(),
    amount: money('amount').notNull(),
    /** The cost at the last checkpoint: what a crash is charged. */
    metered: money('metered').notNull().default(sql`0`),
    /** Price, rate, markup, model and provider, pinned when the hold was placed. */
    terms: jsonb('terms').notNull(),
    /** Tokens drawn under a limit of tokens a minute, and that limit of the account and the key. */
    tokens: count('tokens'),
    accountTpm: count('account_tpm'),
    keyTpm: count('key_tpm'),
    createdAt: createdAt(),
  },
  (t) => [
    index('holds_instance').on(t.instanceId),
    index('holds_account').on(t.accountId),
    check('holds_amount', sql`${t.amount} >= 0 and ${t.metered} >= 0`),
  ],
)

export const LEDGER_KINDS = [
  'charge',
  'grant',
  'adjustment',
  'late_charge',
  'price_correction',
] as const

/** Append-only; the sum of an account's entries is its `posted`. */
export const ledger = pgTable(
  'ledger',
  {
    accountId: uuid('account_id').notNull(),
    seq: count('seq').notNull(),
    kind: text('kind', { enum: LEDGER_KINDS }).notNull(),
    /** Credits to the customer are positive, charges negative. */
    amount: money('amount').notNull(),
    balanceAfter: money('balance_after').notNull(),
    requestId: uuid('request_id'),
    reference: text('reference'),
    createdAt: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.accountId, t.seq] }),
    index('ledger_late').on(t.requestId).where(sql`${t.kind} = 'late_charge'`),
    index('ledger_corrected').on(t.requestId).where(sql`${t.kind} = 'price_correction'`),
    check('ledger_seq', sql`${t.seq} > 0`),
    check('ledger_amount', sql`${t.amount} <> 0`),
    check(
      'ledger_kind',
      sql`${t.kind} in ('charge', 'grant', 'adjustment', 'late_charge', 'price_correction')`,
    ),
    check(
      'ledger_sign',
      sql`(${t.kind} <> 'grant' or ${t.amount} > 0)
        and (${t.kind} <> 'charge' or ${t.amount} < 0)
        and (${t.kind} not in ('charge', 'late_charge', 'price_correction')
          or ${t.requestId} is not null)
        and (${t.kind} <> 'price_correction' or ${t.reference} is not null)`,
    ),
  ],
)

/** Credits put in, once a reference. */
export const grants = pgTable(
  'grants',
  {
    accountId: uuid('account_id')
      .notNull()
      .references(() => accounts.id),
    reference: text('reference').notNull(),
    credits: money('credits').notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.accountId, t.reference] }),
    check('grants_positive', sql`${t.credits} > 0`),
  ],
)

/** Corrections by an operator, once a reference: positive credits are the customer's gain. */
export const adjustments = pgTable(
  'adjustments',
  {
    accountId: uuid('account_id')
      .notNull()
      .references(() => accounts.id),
    reference: text('reference').notNull(),
    credits: money('credits').notNull(),
    /** The request it corrects, where it is about one. */
    requestId: uuid('request_id'),
    reason: text('reason').notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.accountId, t.reference] }),
    index('adjustments_request').on(t.requestId).where(sql`${t.requestId} is not null`),
    check('adjustments_credits', sql`${t.credits} <> 0`),
  ],
)
