import { sql } from 'drizzle-orm'
import {
  check,
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
import { bytea, createdAt, money, now } from './columns.ts'

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
