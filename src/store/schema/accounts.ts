import { sql } from 'drizzle-orm'
import { check, index, integer, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import { bytea, count, createdAt, money, textArray } from './columns.ts'

/** What the operator decided once, for all instances of this database. */
export const settings = pgTable('settings', {
  name: text('name').primaryKey(),
  value: text('value').notNull(),
})

export const tiers = pgTable(
  'tiers',
  {
    name: text('name').primaryKey(),
    /** Null allows every model. */
    models: textArray('models'),
    markupPpm: money('markup_ppm').notNull().default(sql`1000000`),
    requestsPerMinute: integer('requests_per_minute'),
    tokensPerMinute: count('tokens_per_minute'),
    concurrency: integer('concurrency'),
    maxOutputTokens: integer('max_output_tokens'),
    holdOutputTokens: integer('hold_output_tokens'),
  },
  (t) => [
    check('tiers_markup', sql`${t.markupPpm} >= 0`),
    check('tiers_output', sql`${t.maxOutputTokens} > 0 and ${t.holdOutputTokens} > 0`),
    check(
      'tiers_limits',
      sql`${t.requestsPerMinute} > 0 and ${t.tokensPerMinute} > 0 and ${t.concurrency} > 0`,
    ),
  ],
)

/** Who owns credits. `posted` is the sum of the ledger, `held` the sum of the open holds. */
export const accounts = pgTable(
  'accounts',
  {
    id: uuid('id').primaryKey(),
    name: text('name').notNull(),
    externalId: text('external_id').unique(),
    tier: text('tier')
      .notNull()
      .default('default')
      .references(() => tiers.name),
    /** The audit freezes an active account whose balance is wrong, until an operator has looked. */
    status: text('status', { enum: ['active', 'suspended', 'closed', 'frozen'] })
      .notNull()
      .default('active'),
    posted: money('posted').notNull().default(sql`0`),
    held: money('held').notNull().default(sql`0`),
    /** Entries in the account's ledger: the `seq` of the newest. */
    seq: count('seq').notNull().default(0),
    createdAt: createdAt(),
  },
  (t) => [
    check('accounts_held', sql`${t.held} >= 0`),
    check('accounts_no_overdraft', sql`${t.posted} - ${t.held} >= 0`),
    check('accounts_status', sql`${t.status} in ('active', 'suspended', 'closed', 'frozen')`),
  ],
)

export const apiKeys = pgTable(
  'api_keys',
  {
    id: uuid('id').primaryKey(),
    accountId: uuid('account_id')
      .notNull()
      .references(() => accounts.id),
    name: text('name'),
    /** HMAC-SHA256 of the whole key: the key itself is never stored. */
    hash: bytea('hash').notNull().unique(),
    /** The first and last characters, so that a person can tell keys apart. */
    hint: text('hint').notNull(),
    expiresAt: timestamp('expires_at', { withTimezone: true }),
    revokedAt: timestamp('revoked_at', { withTimezone: true }),
    models: textArray('models'),
    requestsPerMinute: integer('requests_per_minute'),
    tokensPerMinute: count('tokens_per_minute'),
    concurrency: integer('concurrency'),
    spendLimit: money('spend_limit'),
    spendPeriod: text('spend_period', { enum: ['day', 'month', 'total'] }),
    createdAt: createdAt(),
  },
  (t) => [
    index('api_keys_account').on(t.accountId),
    check('api_keys_spend_limit', sql`${t.spendLimit} >= 0`),
    check('api_keys_spend_period', sql`${t.spendPeriod} in ('day', 'month', 'total')`),
    check(
      'api_keys_limits',
      sql`${t.requestsPerMinute} > 0 and ${t.tokensPerMinute} > 0 and ${t.concurrency} > 0`,
    ),
  ],
)

/**
 * Token buckets of accounts and keys that have a limit of requests a minute, as integers: a request
 * is 60,000,000 units, and each microsecond adds as many units as the limit has requests.
 */
export const rateBuckets = pgTable('rate_buckets', {
  /** An account's or a key's id. */
  id: uuid('id').primaryKey(),
  level: money('level').notNull(),
  /** Microseconds since 1970 on the database's clock at which it had that level. */
  at: money('at').notNull(),
})

/**
 * Likewise for limits of tokens a minute: a token is 60,000,000 units. Below 0 a bucket is in debt,
 * when requests used more than they drew.
 */
export const tokenBuckets = pgTable('token_buckets', {
  id: uuid('id').primaryKey(),
  level: money('level').notNull(),
  at: money('at').notNull(),
})

/** What the keys with a spending limit have been charged in the period that began at `since`. */
export const keySpends = pgTable('key_spends', {
  keyId: uuid('key_id')
    .primaryKey()
    .references(() => apiKeys.id),
  since: timestamp('since', { withTimezone: true }).notNull(),
  spent: money('spent').notNull(),
})
