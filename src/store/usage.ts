import { and, eq, gte, lt, type SQL, sql } from 'drizzle-orm'
import { type PgColumn, unionAll } from 'drizzle-orm/pg-core'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { MicroCredits } from '../domain/credits.ts'
import type { UsageDetails } from '../domain/usage/usage-details.ts'
import { adjustments, ledger, requests } from './schema.ts'

export type UsageGroup = 'day' | 'model' | 'account' | 'key'

export type UsageSums = {
  requests: number
  promptTokens: number
  cachedTokens: number
  completionTokens: number
  /** Parts of these. */
  cacheWriteTokens: number
  reasoningTokens: number
  audioTokens: number
  imageTokens: number
  /** Calls of hosted tools. */
  toolCalls: number
  charged: MicroCredits
  uncollected: MicroCredits
  /** What was given back of it since, by adjustments and price corrections; negative is taken. */
  adjusted: MicroCredits
}

export type UsageRow = UsageSums & { group: string }

/** `total` is that of all groups, also of those that are not in the answer. */
export type UsageReport = { groups: UsageRow[]; total: UsageSums }

/** Groups that one answer can have. */
const GROUPS_MAX = 10_000

/** When a request began, as its UUIDv7 has it: `since` and `until` go by that too. */
const BEGAN_AT = sql`to_timestamp(
  ('x' || left(replace(${requests.id}::text, '-', ''), 12))::bit(48)::bigint / 1000.0)`

const KEYS: Record<UsageGroup, SQL<string>> = {
  day: sql<string>`to_char(${BEGAN_AT} at time zone 'utc', 'YYYY-MM-DD')`,
  model: sql<string>`coalesce(${requests.model}, '')`,
  account: sql<string>`'acc_' || ${requests.accountId}`,
  key: sql<string>`'key_' || ${requests.keyId}`,
}

/** Tokens that are recorded beside the usual figures. */
function detail(...names: (keyof UsageDetails)[]): SQL {
  const counts = names.map((name) => sql`coalesce((${requests.usageDetails}->>${name})::bigint, 0)`)
  return sql.join(counts, sql` + `)
}

const TOOL_CALLS = sql`(select sum(calls.count::bigint)
  from jsonb_each_text(${requests.usageDetails}->'tool_calls') calls(name, count))`

/** What was used and charged in a time: in all, and by group; the dearest first, days in order. */
export async function readUsage(
  db: PostgresJsDatabase,
  by: UsageGroup,
  since: Date,
  until: Date,
): Promise<UsageReport> {
  const sum = (column: SQL.Aliased | unknown) => sql`coalesce(sum(${column}), 0)`
  const adjusted = adjustedIn(db, since, until)
  const [total, ...groups] = await db
    .select({
      group: KEYS[by], // null in the row of the total
      requests: sql`count(*)`.mapWith(Number),
      promptTokens: sum(requests.promptTokens).mapWith(Number),
      cachedTokens: sum(requests.cachedTokens).mapWith(Number),
      completionTokens: sum(requests.completionTokens).mapWith(Number),
      cacheWriteTokens: sum(detail('cache_write_tokens')).mapWith(Number),
      reasoningTokens: sum(requests.reasoningTokens).mapWith(Number),
      audioTokens: sum(detail('input_audio_tokens', 'output_audio_tokens')).mapWith(Number),
      imageTokens: sum(detail('input_image_tokens', 'output_image_tokens')).mapWith(Number),
      toolCalls: sum(TOOL_CALLS).mapWith(Number),
      charged: sum(requests.charged).mapWith(BigInt),
      uncollected: sum(requests.uncollected).mapWith(BigInt),
      adjusted: sum(adjusted.credits).mapWith(BigInt),
    })
    .from(requests)
    .leftJoin(adjusted, eq(adjusted.requestId, requests.id))
    .where(beganIn(requests.id, since, until))
    .groupBy(sql`grouping sets ((1), ())`)
    .orderBy(sql`grouping(${KEYS[by]}) desc`, by === 'day' ? sql`1` : sql`11 desc, 1`)
    .limit(1 + GROUPS_MAX)
  if (!total) throw new Error('Postgres summed up nothing')
  return { groups, total }
}

/** By request, what adjustments and price corrections have given back; negative was taken. */
function adjustedIn(db: PostgresJsDatabase, since: Date, until: Date) {
  const corrections = db
    .select({ requestId: ledger.requestId, credits: ledger.amount })
    .from(ledger)
    .where(and(eq(ledger.kind, 'price_correction'), beganIn(ledger.requestId, since, until)))
  const others = db
    .select({ requestId: adjustments.requestId, credits: adjustments.credits })
    .from(adjustments)
    .where(beganIn(adjustments.requestId, since, until))
  const moves = unionAll(corrections, others).as('moves')
  return db
    .select({ requestId: moves.requestId, credits: sql`sum(${moves.credits})`.as('credits') })
    .from(moves)
    .groupBy(moves.requestId)
    .as('adjusted')
}

function beganIn(requestId: PgColumn, since: Date, until: Date): SQL | undefined {
  return and(
    gte(requestId, sql`uuid_v7_floor_v1(${since.toISOString()}::timestamptz)`),
    lt(requestId, sql`uuid_v7_floor_v1(${until.toISOString()}::timestamptz)`),
  )
}
