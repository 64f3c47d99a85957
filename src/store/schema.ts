import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  customType,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
  unique,
  uuid,
} from 'drizzle-orm/pg-core'

const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' })
/** Micro-credits, or nano-USD in prices: always an integer. */
const money = (name: string) => bigint(name, { mode: 'bigint' })
const count = (name: string) => bigint(name, { mode: 'number' })
const now = sql`clock_timestamp()`
const createdAt = () => timestamp('created_at', { withTimezone: true }).notNull().default(now)

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
    models: text('models').array(),
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
    status: text('status', { enum: ['active', 'suspended', 'closed'] })
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
    check('accounts_status', sql`${t.status} in ('active', 'suspended', 'closed')`),
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
    models: text('models').array(),
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

/** One upstream base URL with its key. The provider of the environment is not in this table. */
export const providers = pgTable('providers', {
  name: text('name').primaryKey(),
  baseUrl: text('base_url').notNull(),
  apiKey: bytea('api_key'),
  profile: jsonb('profile').notNull().default({}),
})

export const models = pgTable(
  'models',
  {
    name: text('name').primaryKey(),
    contextWindow: integer('context_window'),
    maxOutputTokens: integer('max_output_tokens'),
    holdOutputTokens: integer('hold_output_tokens'),
    createdAt: createdAt(),
  },
  (t) => [
    check(
      'models_limits',
      sql`${t.contextWindow} > 0 and ${t.maxOutputTokens} > 0 and ${t.holdOutputTokens} > 0`,
    ),
  ],
)

/** Model -> provider and upstream model. A model without routes goes to the catch-all. */
export const routes = pgTable(
  'routes',
  {
    model: text('model')
      .notNull()
      .references(() => models.name, { onDelete: 'cascade' }),
    provider: text('provider')
      .notNull()
      .references(() => providers.name),
    upstreamModel: text('upstream_model').notNull(),
    priority: smallint('priority').notNull().default(0),
    weight: integer('weight').notNull().default(1),
  },
  (t) => [
    primaryKey({ columns: [t.model, t.provider, t.upstreamModel] }),
    check('routes_weight', sql`${t.weight} > 0`),
  ],
)

/** Nano-USD per million tokens of a class (request: a call). Never updated: a change is a row. */
export const prices = pgTable(
  'prices',
  {
    id: uuid('id').primaryKey(),
    provider: text('provider').notNull(),
    model: text('model').notNull(),
    effectiveFrom: timestamp('effective_from', { withTimezone: true }).notNull().default(now),
    input: money('input').notNull(),
    cachedInput: money('cached_input').notNull(),
    output: money('output').notNull(),
    reasoning: money('reasoning').notNull(),
    request: money('request').notNull().default(sql`0`),
    createdAt: createdAt(),
  },
  (t) => [
    unique('prices_version').on(t.provider, t.model, t.effectiveFrom),
    check(
      'prices_not_negative',
      sql`least(${t.input}, ${t.cachedInput}, ${t.output}, ${t.reasoning}, ${t.request}) >= 0`,
    ),
  ],
)

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
    createdAt: createdAt(),
  },
  (t) => [
    index('holds_instance').on(t.instanceId),
    index('holds_account').on(t.accountId),
    check('holds_amount', sql`${t.amount} >= 0 and ${t.metered} >= 0`),
  ],
)

/** Append-only; the sum of an account's entries is its `posted`. */
export const ledger = pgTable(
  'ledger',
  {
    accountId: uuid('account_id').notNull(),
    seq: count('seq').notNull(),
    kind: text('kind', { enum: ['charge', 'grant', 'adjustment', 'late_charge'] }).notNull(),
    /** Credits to the customer are positive, charges negative. */
    amount: money('amount').notNull(),
    balanceAfter: money('balance_after').notNull(),
    requestId: uuid('request_id'),
    reference: text('reference'),
    createdAt: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.accountId, t.seq] }),
    check('ledger_seq', sql`${t.seq} > 0`),
    check('ledger_amount', sql`${t.amount} <> 0`),
    check('ledger_kind', sql`${t.kind} in ('charge', 'grant', 'adjustment', 'late_charge')`),
    check(
      'ledger_sign',
      sql`(${t.kind} <> 'grant' or ${t.amount} > 0)
        and (${t.kind} not in ('charge', 'late_charge') or (${t.amount} < 0 and ${t.requestId} is not null))`,
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

/**
 * The terminal record of each authenticated request, refused ones too, partitioned by the time in
 * its UUIDv7 id. The id is that of the hold and of the log line. What a request did not live to
 * tell (its model, its upstream) is null.
 */
export const requests = pgTable(
  'requests',
  {
    id: uuid('id').primaryKey(),
    accountId: uuid('account_id').notNull(),
    keyId: uuid('key_id').notNull(),
    endpoint: text('endpoint').notNull(),
    model: text('model'),
    provider: text('provider'),
    baseUrl: text('base_url'),
    upstreamModel: text('upstream_model'),
    stream: boolean('stream').notNull(),
    status: smallint('status').notNull(),
    outcome: text('outcome').notNull(),
    /** What was going on when it ended, and when each stage began: milliseconds from the start. */
    stage: text('stage').notNull(),
    stages: jsonb('stages').notNull(),
    /** Each try at an upstream: {provider, base_url, status, error, ms}. */
    attempts: jsonb('attempts').notNull(),
    /** Slices a stream took on top of its first hold. */
    slices: integer('slices').notNull(),
    errorCode: text('error_code'),
    /** Message, stack and cause of what failed. */
    error: jsonb('error'),
    ttftMs: integer('ttft_ms'),
    durationMs: integer('duration_ms').notNull(),
    chunkCount: integer('chunk_count').notNull(),
    completionLength: integer('completion_length').notNull(),
    promptTokens: integer('prompt_tokens').notNull(),
    cachedTokens: integer('cached_tokens').notNull(),
    completionTokens: integer('completion_tokens').notNull(),
    reasoningTokens: integer('reasoning_tokens').notNull(),
    usageSource: text('usage_source'),
    estimatedTokens: integer('estimated_tokens').notNull(),
    priceId: uuid('price_id'),
    hold: money('hold').notNull(),
    charged: money('charged').notNull(),
    uncollected: money('uncollected').notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    index('requests_account').on(t.accountId, t.id),
    check('requests_money', sql`${t.charged} between 0 and ${t.hold} and ${t.uncollected} >= 0`),
  ],
)
