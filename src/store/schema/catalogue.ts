import { sql } from 'drizzle-orm'
import {
  check,
  foreignKey,
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

/**
 * Model -> provider and upstream model. A model without routes goes to the catch-all. Where the
 * source is `env`, it is the environment's provider of whichever instance serves the request.
 */
export const routes = pgTable(
  'routes',
  {
    model: text('model')
      .notNull()
      .references(() => models.name, { onDelete: 'cascade' }),
    /** Its name; that of the environment's when the route was made. */
    provider: text('provider').notNull(),
    source: text('source', { enum: ['env', 'database'] })
      .notNull()
      .default('database'),
    /** Null where the environment has it: a reference that only the others must keep. */
    databaseProvider: text('database_provider').generatedAlwaysAs(
      sql`case when source = 'database' then provider end`,
    ),
    upstreamModel: text('upstream_model').notNull(),
    priority: smallint('priority').notNull().default(0),
    weight: integer('weight').notNull().default(1),
  },
  (t) => [
    primaryKey({ columns: [t.model, t.provider, t.upstreamModel] }),
    foreignKey({
      name: 'routes_provider_providers_name_fk', // by which servers before it know it
      columns: [t.databaseProvider],
      foreignColumns: [providers.name],
    }),
    check('routes_weight', sql`${t.weight} > 0`),
    check('routes_source', sql`${t.source} in ('env', 'database')`),
  ],
)

/**
 * Nano-USD per million tokens of a class (request: a call). Never updated: a change is a row. What
 * few prices have is in `details`, as the admin API has it: classes of their own, tools, steps and
 * hours, in decimal strings of USD.
 */
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
    details: jsonb('details'),
    /** `manual`, or the package of catalogue prices it was imported from, with its version. */
    source: text('source').notNull().default('manual'),
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
 * Which price a model's name stands for, by the rules of an imported catalogue: the first that
 * matches. Replaced with each import.
 */
export const priceNames = pgTable(
  'price_names',
  {
    provider: text('provider').notNull(),
    /** The provider in the catalogue. */
    catalogue: text('catalogue').notNull(),
    source: text('source').notNull(),
    rules: jsonb('rules').notNull(),
    createdAt: createdAt(),
  },
  (t) => [primaryKey({ columns: [t.provider, t.catalogue] })],
)
