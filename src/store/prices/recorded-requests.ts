import { and, asc, eq, gt, isNotNull, lt, lte, type SQL, sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { RecordedRequest } from '../../domain/prices/repricing.ts'
import type { Usage } from '../../domain/usage/usage.ts'
import { type UsageDetails, withDetails } from '../../domain/usage/usage-details.ts'
import { accounts, requests, tiers } from '../schema.ts'
import type { CorrectedSpan } from './price-corrections.ts'

export type Look = {
  /** The request after which it goes on. */
  after: string
  /** Requests that it passes by, of whatever model, so that it is never long. */
  rows: number
  /** As Postgres writes it: only what was settled by then. */
  asOf: string
}

/** What a look found; `last` is the last request it passed by, null at the end of the span. */
export type RecordedPage = { requests: RecordedRequest[]; last: string | null }

/** Older servers recorded no markup. */
const TIER_MARKUP = sql`(select ${tiers.markupPpm} from ${accounts}
  join ${tiers} on ${tiers.name} = ${accounts.tier} where ${accounts.id} = ${requests.accountId})`

const SHOWN = {
  id: requests.id,
  accountId: requests.accountId,
  endpoint: requests.endpoint,
  isCrashed: sql<boolean>`${requests.outcome} = 'crashed'`,
  priceId: requests.priceId,
  markupPpm: sql`coalesce(${requests.markupPpm}, ${TIER_MARKUP})`.mapWith(BigInt),
  hasMarkup: sql<boolean>`${requests.markupPpm} is not null`,
  promptTokens: requests.promptTokens,
  cachedTokens: requests.cachedTokens,
  completionTokens: requests.completionTokens,
  reasoningTokens: requests.reasoningTokens,
  usageDetails: requests.usageDetails,
}

/**
 * The next requests of a span that were settled with a usage, in the order of their ids, which is
 * that of time.
 */
export async function readRecorded(
  db: PostgresJsDatabase,
  span: CorrectedSpan,
  { after, rows: passed, asOf }: Look,
): Promise<RecordedPage> {
  const inSpan = and(
    gt(requests.id, sql`greatest(${after}::uuid, ${floorOf(span.since)})`),
    span.until ? lt(requests.id, floorOf(span.until)) : undefined,
  )
  const [end] = await db
    .select({ id: requests.id })
    .from(requests)
    .where(inSpan)
    .orderBy(asc(requests.id))
    .offset(passed - 1)
    .limit(1)
  const wanted = and(
    eq(requests.provider, span.provider),
    eq(requests.upstreamModel, span.model),
    isNotNull(requests.usageSource),
    lte(requests.createdAt, sql`${asOf}::timestamptz`),
  )
  const rows = await db
    .select(SHOWN)
    .from(requests)
    .where(and(inSpan, end && lte(requests.id, end.id), wanted))
    .orderBy(asc(requests.id))
  return { requests: rows.map(toRecorded), last: end?.id ?? null }
}

/** The least id of a request that began at a time. */
function floorOf(time: Date): SQL {
  return sql`uuid_v7_floor_v1(${time.toISOString()}::timestamptz)`
}

type Row = Omit<RecordedRequest, 'usage'> & Usage & { usageDetails: unknown }

function toRecorded(row: Row): RecordedRequest {
  const { promptTokens, cachedTokens, completionTokens, reasoningTokens, ...others } = row
  const { usageDetails, ...facts } = others
  const usage = { promptTokens, cachedTokens, completionTokens, reasoningTokens }
  return { ...facts, usage: withDetails(usage, usageDetails as UsageDetails | null) }
}
