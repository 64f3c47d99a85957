import { largerCalls, type ToolCalls } from './tool-calls.ts'
import type { Usage } from './usage.ts'

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

export type EstimationMethod = 'character_count' | 'chunk_count' | 'tokenizer'

/** Characters a token stands for when nothing better is known. */
const CHARACTERS_PER_TOKEN = 4

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

/**
 * The usage of an answer that broke off: the last report, and the estimate of what was delivered
 * after it, so that no delivered text is free because the upstream had reported early.
 */
export function brokenOffUsage(
  reported: Usage | null,
  unreported: Delivered,
  method: EstimationMethod,
): Usage | null {
  if (reported === null) return null
  const after = estimateCompletion(method, unreported)
  return { ...reported, completionTokens: reported.completionTokens + after }
}

/** A usage with the calls of tools that were delivered, where it does not tell of more. */
export function withToolCalls(usage: Usage, delivered: Delivered): Usage {
  const toolCalls = largerCalls(usage.toolCalls, delivered.toolCalls)
  return toolCalls === undefined ? usage : { ...usage, toolCalls }
}
