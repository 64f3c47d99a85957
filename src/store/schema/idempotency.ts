import { sql } from 'drizzle-orm'
import {
  check,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core'
import { bytea, count, createdAt, now } from './columns.ts'

/**
 * Idempotency keys in use. `running`: a request has claimed it, and its instance lives, or what
 * became of it is in `holds` and `requests`. `done`: its answer was complete.
 */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    accountId: uuid('account_id').notNull(),
    /** HMAC-SHA256 of the key: the key itself is never stored. */
    key: bytea('key').notNull(),
    /** The request that has claimed the key. */
    requestId: uuid('request_id').notNull(),
    /** HMAC-SHA256 of what was asked: a repeat has to ask the same. */
    fingerprint: bytea('fingerprint').notNull(),
    /** Who runs it; null where that instance knows nothing of it. */
    instanceId: uuid('instance_id'),
    state: text('state', { enum: ['running', 'done'] })
      .notNull()
      .default('running'),
    createdAt: createdAt(),
    expiresAt: timestamp('expires_at', { withTimezone: true }).notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.accountId, t.key] }),
    index('idempotency_keys_expiry').on(t.expiresAt),
    index('idempotency_keys_running').on(t.instanceId).where(sql`${t.state} = 'running'`),
    check('idempotency_keys_state', sql`${t.state} in ('running', 'done')`),
  ],
)

/**
 * Requests whose process is gone and whose key another request has claimed: the client pays for
 * that one, so nothing that is found out later charges these.
 */
export const idempotencySuperseded = pgTable(
  'idempotency_superseded',
  {
    requestId: uuid('request_id').primaryKey(),
    at: timestamp('at', { withTimezone: true }).notNull().default(now),
  },
  (t) => [index('idempotency_superseded_at').on(t.at)],
)

/** Answers kept for repeats of their requests: compressed, then encrypted. */
export const idempotencyAnswers = pgTable(
  'idempotency_answers',
  {
    requestId: uuid('request_id').primaryKey(),
    accountId: uuid('account_id').notNull(),
    status: smallint('status').notNull(),
    headers: jsonb('headers').notNull(),
    body: bytea('body').notNull(),
    /** Of `body`. */
    bytes: integer('bytes').notNull(),
    expiresAt: timestamp('expires_at', { withTimezone: true }).notNull(),
  },
  (t) => [
    index('idempotency_answers_account').on(t.accountId, t.expiresAt),
    index('idempotency_answers_expiry').on(t.expiresAt),
  ],
)

/**
 * Bytes of the answers kept for each account; the row of the nil UUID has the sum. Whoever changes
 * one locks that row first, so the numbers are exact.
 */
export const idempotencySpace = pgTable(
  'idempotency_space',
  {
    accountId: uuid('account_id').primaryKey(),
    bytes: count('bytes').notNull(),
  },
  (t) => [check('idempotency_space_bytes', sql`${t.bytes} >= 0`)],
)
