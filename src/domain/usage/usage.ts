import type { ToolCalls } from './tool-calls.ts'

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

/**
 * Tokens of a prompt or a completion that some prices tell apart; left out is 0. They are in
 * `promptTokens` or `completionTokens` too.
 */
export type UsageParts = {
  /** Of the prompt: written to a cache, and those of them that stay there for an hour. */
  cacheWriteTokens?: number
  cacheWrite1hTokens?: number
  /** Of the prompt: audio, and those of them that are among the cached tokens too. */
  inputAudioTokens?: number
  cachedAudioTokens?: number
  /** Of the prompt: images, and those of them that are among the cached tokens too. */
  inputImageTokens?: number
  cachedImageTokens?: number
  /** Of the completion. */
  outputAudioTokens?: number
  outputImageTokens?: number
}

export const PART_NAMES = [
  'cacheWriteTokens',
  'cacheWrite1hTokens',
  'inputAudioTokens',
  'cachedAudioTokens',
  'inputImageTokens',
  'cachedImageTokens',
  'outputAudioTokens',
  'outputImageTokens',
] as const

/** A usage of these tokens, none of them of a special class. */
export function usageOf(promptTokens: number, completionTokens: number): Usage {
  return { promptTokens, cachedTokens: 0, completionTokens, reasoningTokens: 0 }
}

export const NO_USAGE: Usage = usageOf(0, 0)

/**
 * The usage to keep of two that one answer reported. Reports are cumulative, so that a later one
 * that is smaller is a defect of the upstream (W-90).
 */
export function largerUsage(before: Usage | null, now: Usage): Usage {
  if (before === null) return now
  const total = (usage: Usage) => usage.promptTokens + usage.completionTokens
  return total(now) < total(before) ? before : now
}
