import { isRecord } from '../is-record.ts'
import { tokensOfCharacters } from './estimate.ts'
import { tokens } from './token-count.ts'
import type { Usage } from './usage.ts'
import { readParts, withParts } from './usage-parts.ts'

/** What an API calls the two parts of its usage. */
export type UsageNames = { prompt: string; completion: string }

/** Chat completions, completions and embeddings. */
export const PROMPT_NAMES: UsageNames = { prompt: 'prompt_tokens', completion: 'completion_tokens' }

/** Every later API. */
export const INPUT_NAMES: UsageNames = { prompt: 'input_tokens', completion: 'output_tokens' }

/** Embeddings of upstreams that report the total alone, which is that of the input there. */
export const TOTAL_NAMES: UsageNames = { prompt: 'total_tokens', completion: 'completion_tokens' }

/**
 * Reads the `usage` object of an OpenAI-style answer and trusts none of it: a class that is not a
 * whole number from 0 to USAGE_TOKENS_MAX counts as missing, parts never exceed their whole, and
 * `total_tokens` above the sum means reasoning reported apart (W-90 to W-93).
 * @returns null when neither prompt nor completion tokens are known or all of them are 0
 */
export function readUsage(wire: unknown, names: UsageNames = PROMPT_NAMES): Usage | null {
  if (!isRecord(wire)) return null
  const prompt = tokens(wire[names.prompt])
  const completion = tokens(wire[names.completion])
  if (!prompt && !completion) return null
  const total = tokens(wire.total_tokens)
  const promptTokens = prompt ?? 0
  const completionTokens =
    prompt !== null && total !== null
      ? Math.max(completion ?? 0, total - prompt)
      : (completion ?? 0)
  const input = wire[`${names.prompt}_details`] ?? wire.input_token_details
  const output = wire[`${names.completion}_details`] ?? wire.output_token_details
  const cached =
    detail(input, 'cached_tokens') ??
    tokens(wire.prompt_cache_hit_tokens) ??
    tokens(wire.cached_tokens)
  const reasoning = detail(output, 'reasoning_tokens') ?? within(completionTokens, wire)
  const usage = {
    promptTokens,
    cachedTokens: Math.min(cached ?? 0, promptTokens),
    completionTokens,
    reasoningTokens: Math.min(reasoning, completionTokens),
  }
  const parts = readParts(wire, input, output)
  return parts === null ? usage : withParts(usage, parts)
}

/**
 * The usage of an upstream whose `completion_tokens` leave reasoning out, with that reasoning: as
 * its details tell, else as it was delivered (W-93).
 * @param usage what `readUsage` made of it
 * @param reasoningLength characters of reasoning that were delivered
 */
export function withReasoning(usage: Usage, wire: unknown, reasoningLength: number): Usage {
  if (!isRecord(wire)) return usage
  const told = detail(wire.completion_tokens_details, 'reasoning_tokens')
  const reasoningTokens =
    told || tokens(wire.reasoning_tokens) || tokensOfCharacters(reasoningLength)
  const apart = (tokens(wire.completion_tokens) ?? 0) + reasoningTokens
  const completionTokens = Math.max(usage.completionTokens, apart)
  return withParts({ ...usage, completionTokens, reasoningTokens }, usage)
}

/** Reasoning that stands beside the completion, as SGLang has it: more can be no part of it. */
function within(completionTokens: number, { reasoning_tokens }: Record<string, unknown>): number {
  const told = tokens(reasoning_tokens) ?? 0
  return told > completionTokens ? 0 : told
}

function detail(details: unknown, name: string): number | null {
  return isRecord(details) ? tokens(details[name]) : null
}
