import { sql } from 'drizzle-orm'
import {
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  smallint,
  text,
  uuid,
} from 'drizzle-orm/pg-core'
import { createdAt, money } from './columns.ts'

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
    /** Tokens of classes beside these, and calls of tools; null where there are none. */
    usageDetails: jsonb('usage_details'),
    usageSource: text('usage_source'),
    estimatedTokens: integer('estimated_tokens').notNull(),
    priceId: uuid('price_id'),
    /** The markup that was pinned; null where nothing was held, and of older servers. */
    markupPpm: money('markup_ppm'),
    /** Micro-credits per 1,000 tokens where no price was known. */
    fallbackRate: money('fallback_rate'),
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
