import { type Static, Type } from '@sinclair/typebox'
import { formatCredits } from '../../domain/credits.ts'
import { readUsage, type UsageGroup, type UsageSums } from '../../store/usage.ts'
import { Count, Credits, listOf } from '../answers.ts'
import { oneOf, strictObject, unread } from './fields.ts'
import type { AdminPlugin } from './type-provider.ts'
import { readTime } from './values.ts'

const DAY_MS = 86_400_000
const GROUPS: UsageGroup[] = ['day', 'model', 'account', 'key']

const Query = strictObject({
  group_by: Type.Optional(oneOf(GROUPS)),
  since: Type.Optional(
    unread('A time, in UTC unless it names a zone. Left out: 30 days before `until`.'),
  ),
  until: Type.Optional(unread('A time. Left out: now.')),
})

const SUMS = {
  requests: Count,
  prompt_tokens: Count,
  cached_tokens: Count,
  completion_tokens: Count,
  cache_write_tokens: Count,
  reasoning_tokens: Count,
  audio_tokens: Count,
  image_tokens: Count,
  tool_calls: Count,
  charged: Credits,
  uncollected: Credits,
  adjusted: Type.String({
    description: 'Given back since, by adjustments and price corrections; negative was taken.',
  }),
}

const UsageBody = Type.Object({
  group: Type.String({ description: 'The day, model, account id or key id.' }),
  ...SUMS,
})

const UsageReportBody = Type.Object(
  {
    ...listOf(UsageBody).properties,
    total: Type.Object(SUMS, { description: 'That of all groups, also of those left out.' }),
  },
  { description: 'Days in order; else the 10,000 dearest groups.' },
)

const schema = {
  summary: 'Sum up tokens and charges by day, model, account or key',
  querystring: Query,
  answers: { 200: UsageReportBody },
}

/** `GET /admin/usage`: tokens and charges by day, model, account or key. */
export const usageRoutes: AdminPlugin = async (app) => {
  app.get('/usage', { schema }, async ({ query }) => {
    const until = query.until === undefined ? afterNow() : readTime('until', query.until)
    const since =
      query.since === undefined
        ? new Date(until.getTime() - 30 * DAY_MS)
        : readTime('since', query.since)
    const by = query.group_by ?? 'day'
    const { groups, total } = await readUsage(app.database.db, by, since, until)
    const data = groups.map(({ group, ...sums }) => ({ group, ...sumsBody(sums) }))
    return { data, next: null, total: sumsBody(total) }
  })
}

/** A time ends before its last moment, and what began in this millisecond counts. */
function afterNow(): Date {
  return new Date(Date.now() + 1)
}

function sumsBody(row: UsageSums): Static<typeof UsageReportBody>['total'] {
  return {
    requests: row.requests,
    prompt_tokens: row.promptTokens,
    cached_tokens: row.cachedTokens,
    completion_tokens: row.completionTokens,
    cache_write_tokens: row.cacheWriteTokens,
    reasoning_tokens: row.reasoningTokens,
    audio_tokens: row.audioTokens,
    image_tokens: row.imageTokens,
    tool_calls: row.toolCalls,
    charged: formatCredits(row.charged),
    uncollected: formatCredits(row.uncollected),
    adjusted: formatCredits(row.adjusted),
  }
}
