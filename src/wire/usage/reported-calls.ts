import { TOOL_CALLS_MAX, type ToolCalls } from '../../domain/usage/tool-calls.ts'
import { asObject } from '../answers/answer.ts'
import { isBilled } from './tool-items.ts'

/**
 * The calls that a `usage` object tells: those of Anthropic's `server_tool_use`, the sources and
 * the tools of xAI, the queries of Perplexity; and those of OpenAI's `tool_usage`.
 */
export function reportedCalls(usage: unknown): ToolCalls | undefined {
  const wire = asObject(usage)
  if (wire === null) return undefined
  const told: [string, unknown][] = [
    ['num_sources_used', wire.num_sources_used],
    ['web_search_call', wire.num_search_queries],
    ['web_search_call', asObject(wire.web_search)?.num_requests],
  ]
  const { server_tool_use: requests, server_side_tool_usage_details: calls } = wire
  for (const [name, count] of Object.entries({ ...asObject(requests), ...asObject(calls) })) {
    const item = name.replace(/_(requests|calls)$/, '_call')
    if (isBilled(item)) told.push([item, count])
  }
  const sound = told.filter(isSound)
  return sound.length === 0 ? undefined : Object.fromEntries(sound)
}

function isSound(told: [string, unknown]): told is [string, number] {
  const [, count] = told
  return Number.isInteger(count) && Number(count) > 0 && Number(count) <= TOOL_CALLS_MAX
}
