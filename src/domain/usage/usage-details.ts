import type { ToolCalls } from './tool-calls.ts'
import type { Usage } from './usage.ts'
import { PART_NAMES } from './usage.ts'
import { withParts } from './usage-parts.ts'

/** The parts of a usage as they are recorded, logged and shown; what is 0 is left out. */
export type UsageDetails = {
  cache_write_tokens?: number
  cache_write_1h_tokens?: number
  input_audio_tokens?: number
  cached_audio_tokens?: number
  input_image_tokens?: number
  cached_image_tokens?: number
  output_audio_tokens?: number
  output_image_tokens?: number
  tool_calls?: ToolCalls
}

export const DETAIL_NAMES = {
  cacheWriteTokens: 'cache_write_tokens',
  cacheWrite1hTokens: 'cache_write_1h_tokens',
  inputAudioTokens: 'input_audio_tokens',
  cachedAudioTokens: 'cached_audio_tokens',
  inputImageTokens: 'input_image_tokens',
  cachedImageTokens: 'cached_image_tokens',
  outputAudioTokens: 'output_audio_tokens',
  outputImageTokens: 'output_image_tokens',
} as const

/** What a record keeps of a usage beside its four usual figures; null where there is no more. */
export function detailsOf(usage: Usage): UsageDetails | null {
  const details: UsageDetails = {}
  for (const name of PART_NAMES) {
    const count = usage[name]
    if (count) details[DETAIL_NAMES[name]] = count
  }
  const { toolCalls } = usage
  if (toolCalls && Object.keys(toolCalls).length > 0) details.tool_calls = toolCalls
  return Object.keys(details).length === 0 ? null : details
}

/** The usage of a record: the inverse of `detailsOf`. */
export function withDetails(usage: Usage, details: UsageDetails | null): Usage {
  if (details === null) return usage
  const counts = PART_NAMES.map((name) => [name, details[DETAIL_NAMES[name]] ?? 0])
  const toolCalls = details.tool_calls && { toolCalls: details.tool_calls }
  return withParts({ ...usage, ...toolCalls }, Object.fromEntries(counts))
}
