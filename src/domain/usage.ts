import { isRecord } from './is-record.ts'
import { largerCalls, type ToolCalls } from './tool-calls.ts'
import { readParts, type UsageParts, withParts } from './usage-parts.ts'

/**
 * Tokens of one call by class. Cached tokens are part of the prompt, reasoning of the completion.
 */
export type Usage = UsageParts & {
  promptTokens: number
  cachedTokens: number
  completionTokens: number
  reasoningTokens: number
  /** Calls of tools that the upstream ran itself and bills one by one. */
  toolCalls?: ToolCalls
}

/** A usage of these tokens, none of them of a special class. */
export function usageOf(promptTokens: number, completionTokens: number): Usage {
  return { promptTokens, cachedTokens: 0, completionTokens, reasoningTokens: 0 }
}

export const NO_USAGE: Usage = usageOf(0, 0)

/** What the client was sent of an answer: the ground for an estimate. */
export type Delivered = {
  /** Events that carried a piece of the answer; 0 where it came in one piece. */
  chunkCount: number
  /** Characters (UTF-16 code units) of text, reasoning and tool calls. */
  completionLength: number
  /** Output tokens that are not text, such as those of images. */
  mediaTokens?: number | undefined
  /** Calls of tools that the upstream ran for it. */
  toolCalls?: ToolCalls | undefined
}

/** What an API calls the two parts of its usage. */
export type UsageNames = { prompt: string; completion: string }

/** Chat completions, completions and embeddings. */
export const PROMPT_NAMES: UsageNames = { prompt: 'prompt_tokens', completion: 'completion_tokens' }

/** Every later API. */
export const INPUT_NAMES: UsageNames = { prompt: 'input_tokens', completion: 'output_tokens' }

export type EstimationMethod = 'character_count' | 'chunk_count' | 'tokenizer'

/** A usage with a class above this many tokens is a defect of the upstream, and ignored. */
export const USAGE_TOKENS_MAX = 16_777_216

/** Characters a token stands for when nothing better is known. */
const CHARACTERS_PER_TOKEN = 4

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
  const reasoning = detail(output, 'reasoning_tokens')
  const usage = {
    promptTokens,
    cachedTokens: Math.min(cached ?? 0, promptTokens),
    completionTokens,
    reasoningTokens: Math.min(reasoning ?? 0, completionTokens),
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
  const reasoningTokens = told || tokensOfCharacters(reasoningLength)
  const apart = (tokens(wire.completion_tokens) ?? 0) + reasoningTokens
  const completionTokens = Math.max(usage.completionTokens, apart)
  return withParts({ ...usage, completionTokens, reasoningTokens }, usage)
}

/**
 * The usage to keep of two that one answer reported. Reports are cumulative, so that a later one
 * that is smaller is a defect of the upstream (W-90).
 */
export function largerUsage(before: Usage | null, now: Usage): Usage {
  if (before === null) return now
  const total = (usage: Usage) => usage.promptTokens + usage.completionTokens
  return total(now) < total(before) ? before : now
}

/** Tokens of a text of that many characters: 4 characters a token, at least 1 for any text. */
export function tokensOfCharacters(characters: number): number {
  return Math.ceil(characters / CHARACTERS_PER_TOKEN)
}

/** Estimated completion tokens of what was delivered; at least 1 for delivered text, never NaN. */
export function estimateCompletion(method: EstimationMethod, delivered: Delivered): number {
  const { chunkCount, completionLength, mediaTokens = 0 } = delivered
  if (completionLength === 0) return mediaTokens
  const isByChunk = method === 'chunk_count' && chunkCount > 0
  return mediaTokens + (isByChunk ? chunkCount : tokensOfCharacters(completionLength))
}

/**
 * Fills what the upstream left out of its report with the estimate, so that delivered text is
 * never free.
 */
export function completeUsage(reported: Usage | null, estimated: Usage): Usage {
  if (reported === null) return estimated
  return {
    ...reported,
    promptTokens: reported.promptTokens || estimated.promptTokens,
    completionTokens: reported.completionTokens || estimated.completionTokens,
  }
}

/** A usage with the calls of tools that were delivered, where it does not tell of more. */
export function withToolCalls(usage: Usage, delivered: Delivered): Usage {
  const toolCalls = largerCalls(usage.toolCalls, delivered.toolCalls)
  return toolCalls === undefined ? usage : { ...usage, toolCalls }
}

function detail(details: unknown, name: string): number | null {
  return isRecord(details) ? tokens(details[name]) : null
}

/** A class of a usage; null where it is no sound figure. */
export function tokens(value: unknown): number | null {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= USAGE_TOKENS_MAX
    ? (value as number)
    : null
}
