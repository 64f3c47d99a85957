import { tokens } from '../../domain/usage/token-count.ts'
import type { Usage } from '../../domain/usage/usage.ts'
import { withParts, writtenForAnHour } from '../../domain/usage/usage-parts.ts'
import { asObject } from '../answers/answer.ts'

/**
 * Reads the `usage` of Anthropic's API, where tokens that were written to a cache or read from it
 * are not among `input_tokens` (W-92). What is read counts as cached; what is written is a class of
 * its own, and another where it stays for an hour.
 * @param before the usage of an earlier event: the last event of a stream may tell the output alone
 * @returns null where it tells nothing
 */
export function readMessagesUsage(wire: unknown, before: Usage | null = null): Usage | null {
  const usage = asObject(wire)
  if (usage === null) return null
  const cached = tokens(usage.cache_read_input_tokens) ?? 0
  const written = tokens(usage.cache_creation_input_tokens) ?? 0
  const forAnHour =
    usage.cache_creation === undefined
      ? (before?.cacheWrite1hTokens ?? 0) // only the first event of a stream tells the two apart
      : writtenForAnHour(usage.cache_creation)
  const prompt = (tokens(usage.input_tokens) ?? 0) + written + cached
  const completion = Math.max(tokens(usage.output_tokens) ?? 0, before?.completionTokens ?? 0)
  if (prompt + completion === 0) return null
  const thought = tokens(asObject(usage.output_tokens_details)?.thinking_tokens) ?? 0
  const output = {
    completionTokens: completion,
    reasoningTokens: Math.min(Math.max(thought, before?.reasoningTokens ?? 0), completion),
  }
  if (before !== null && prompt < before.promptTokens) return { ...before, ...output }
  const told = { promptTokens: prompt, cachedTokens: cached, ...output }
  if (written === 0) return told
  return withParts(told, { cacheWriteTokens: written, cacheWrite1hTokens: forAnHour })
}
