import { tokens, type Usage } from '../domain/usage.ts'
import { asObject } from './answer.ts'

/**
 * Reads the `usage` of Anthropic's API, where tokens that were written to a cache or read from it
 * are not among `input_tokens` (W-92). What is written counts as input, what is read as cached.
 * @param before the usage of an earlier event: the last event of a stream may tell the output alone
 * @returns null where it tells nothing
 */
export function readMessagesUsage(wire: unknown, before: Usage | null = null): Usage | null {
  const usage = asObject(wire)
  if (usage === null) return null
  const cached = tokens(usage.cache_read_input_tokens) ?? 0
  const written = tokens(usage.cache_creation_input_tokens) ?? 0
  const prompt = (tokens(usage.input_tokens) ?? 0) + written + cached
  const completion = Math.max(tokens(usage.output_tokens) ?? 0, before?.completionTokens ?? 0)
  if (prompt + completion === 0) return null
  const isWhole = prompt >= (before?.promptTokens ?? 0)
  return {
    promptTokens: isWhole ? prompt : (before?.promptTokens ?? 0),
    cachedTokens: isWhole ? cached : (before?.cachedTokens ?? 0),
    completionTokens: completion,
    reasoningTokens: 0,
  }
}
