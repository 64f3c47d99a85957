import { Type } from '@sinclair/typebox'
import { formatCredits } from '../../domain/credits.ts'
import { readUsage, type UsageGroup, type UsageRow } from '../../store/usage.ts'
import { oneOf, strictObject, Unread } from './fields.ts'
import type { AdminPlugin } from './type-provider.ts'
import { readTime } from './values.ts'

const DAY_MS = 86_400_000
const GROUPS: UsageGroup[] = ['day', 'model', 'account', 'key']

const Query = strictObject({
  group_by: Type.Optional(oneOf(GROUPS)),
  /** Times; left out: the last 30 days until now. */
  since: Type.Optional(Unread),
  until: Type.Optional(Unread),
})

/** `GET /admin/usage`: tokens and charges by day, model, account or key. */
export const usageRoutes: AdminPlugin = async (app) => {
  app.get('/usage', { schema: { querystring: Query } }, async ({ query }) => {
    const until = query.until === undefined ? new Date() : readTime('until', query.until)
    const since =
      query.since === undefined
        ? new Date(until.getTime() - 30 * DAY_MS)
        : readTime('since', query.since)
    const rows = await readUsage(app.database.db, query.group_by ?? 'day', since, until)
    return { data: rows.map(usageBody), next: null }
  })
}

function usageBody(row: UsageRow) {
  return {
    group: row.group,
    requests: row.requests,
    prompt_tokens: row.promptTokens,
    cached_tokens: row.cachedTokens,
    completion_tokens: row.completionTokens,
    charged: formatCredits(row.charged),
    uncollected: formatCredits(row.uncollected),
  }
}
