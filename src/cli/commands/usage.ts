import { formatCredits, parseCredits } from '../../domain/credits.ts'
import type { List } from '../admin-client.ts'
import type { Command, Output } from '../command.ts'
import { type Columns, table } from '../table.ts'
import { readOneOf, readPast } from '../values.ts'

type Usage = {
  group: string
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

const COLUMNS: Columns<Usage> = {
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
    usageOutput(String(fields.group_by), await client.get<List<Usage>>('/usage', fields)),
}

function usageOutput(by: string, list: List<Usage>): Output {
  const shown = Object.entries(COLUMNS).filter(
    ([name, find]) => !RARE.includes(name) || list.data.some((row) => Number(find(row)) !== 0),
  )
  const columns: Columns<Usage> = { [by]: (row) => row.group, ...Object.fromEntries(shown) }
  const rows = list.data.length > 1 ? [...list.data, totalOf(list.data)] : list.data
  return { json: list, text: table(rows, columns) }
}

function totalOf(rows: Usage[]): Usage {
  const tokens = (of: (row: Usage) => number) => rows.reduce((sum, row) => sum + of(row), 0)
  const credits = (of: (row: Usage) => string) =>
    formatCredits(rows.reduce((sum, row) => sum + (parseCredits(of(row)) ?? 0n), 0n))
  return {
    group: 'total',
    requests: tokens((row) => row.requests),
    prompt_tokens: tokens((row) => row.prompt_tokens),
    cached_tokens: tokens((row) => row.cached_tokens),
    completion_tokens: tokens((row) => row.completion_tokens),
    cache_write_tokens: tokens((row) => row.cache_write_tokens),
    reasoning_tokens: tokens((row) => row.reasoning_tokens),
    audio_tokens: tokens((row) => row.audio_tokens),
    image_tokens: tokens((row) => row.image_tokens),
    tool_calls: tokens((row) => row.tool_calls),
    charged: credits((row) => row.charged),
    uncollected: credits((row) => row.uncollected),
    adjusted: credits((row) => row.adjusted),
  }
}
