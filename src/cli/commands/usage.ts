import type { List } from '../admin-client.ts'
import type { Command, Output } from '../command.ts'
import { type Columns, table } from '../table.ts'
import { readOneOf, readPast } from '../values.ts'

type Sums = {
  requests: number
  prompt_tokens: number
  cached_tokens: number
  completion_tokens: number
  cache_write_tokens: number
  reasoning_tokens: number
  audio_tokens: number
  image_tokens: number
  tool_calls: number
  charged: string
  uncollected: string
  adjusted: string
}

type Usage = Sums & { group: string }

/** The total is that of all groups, also of those that are too many to be listed. */
type Report = List<Usage> & { total: Sums }

const COLUMNS: Columns<Sums> = {
  requests: (row) => row.requests,
  prompt: (row) => row.prompt_tokens,
  cached: (row) => row.cached_tokens,
  completion: (row) => row.completion_tokens,
  'cache write': (row) => row.cache_write_tokens,
  reasoning: (row) => row.reasoning_tokens,
  audio: (row) => row.audio_tokens,
  images: (row) => row.image_tokens,
  'tool calls': (row) => row.tool_calls,
  charged: (row) => row.charged,
  uncollected: (row) => row.uncollected,
  adjusted: (row) => row.adjusted,
}

/** Columns that are shown where there is something in them. */
const RARE = ['cache write', 'reasoning', 'audio', 'images', 'tool calls', 'adjusted']

export const usage: Command = {
  says: 'Sums up requests, tokens and charges.',
  args: [],
  options: {
    by: {
      value: '<what>',
      says: 'model, account, key or day (UTC)',
      field: 'group_by',
      required: true,
      read: readOneOf(['model', 'account', 'key', 'day']),
    },
    since: {
      value: '<time>',
      says: 'from: yesterday, 2026-12-01, 24h (30 days ago)',
      read: readPast,
    },
    until: { value: '<time>', says: 'to, exclusive (now)', read: readPast },
  },
  example: '--by model --since yesterday',
  run: async ({ client, fields }) =>
    usageOutput(String(fields.group_by), await client.get<Report>('/usage', fields)),
}

function usageOutput(by: string, report: Report): Output {
  const { data, total } = report
  const shown = Object.entries(COLUMNS).filter(
    ([name, find]) =>
      !RARE.includes(name) || [...data, total].some((row) => Number(find(row)) !== 0),
  )
  const columns: Columns<Usage> = { [by]: (row) => row.group, ...Object.fromEntries(shown) }
  const rows = data.length > 1 ? [...data, { group: 'total', ...total }] : data
  const listed = data.reduce((sum, { requests }) => sum + requests, 0)
  const note = listed < total.requests ? `\nOnly the first ${data.length} are listed.` : ''
  return { json: report, text: table(rows, columns) + note }
}
