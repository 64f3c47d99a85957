/** What bounds the size of a call: the model's own limits, and the tier's. Null is unknown. */
export type ModelLimits = {
  contextWindow: number | null
  maxOutputTokens: number | null
  holdOutputTokens: number | null
}

/** Output tokens a stream holds at a time, and any call whose limit nobody knows. */
export const HOLD_OUTPUT_TOKENS = 4_096

/** The most tokens an image or an audio part is held to cost a prompt, whatever its size. */
export const IMAGE_TOKENS_MAX = 4_096
export const AUDIO_TOKENS_MAX = 16_384

/** Tokens of an image that a model makes: the most it can cost, and its worth unreported. */
export const IMAGE_OUTPUT_TOKENS_MAX = 8_192
export const IMAGE_OUTPUT_TOKENS = 4_160

/** Output tokens of an image in a chat where nobody reports them: what Gemini makes one of. */
export const CHAT_IMAGE_TOKENS = 1_290

/** Input tokens of a second of audio: how models count it, and what a second is billed as. */
export const AUDIO_TOKENS_PER_SECOND = 10

/** Bytes of an audio file for each token, at least: speech at 5 kbit/s, below any codec in use. */
export const AUDIO_BYTES_PER_TOKEN = 64

/** The most tokens that audio of so many bytes can cost a prompt. */
export function audioBound(bytes: number): number {
  return Math.min(Math.ceil(bytes / AUDIO_BYTES_PER_TOKEN), AUDIO_TOKENS_MAX)
}

/** Audio tokens that speaking a character takes, at most: models speak some 15 a second. */
export const SPEECH_TOKENS_PER_CHARACTER = 4

/** Output limits above this are read as this: more than any model writes, far inside int64. */
export const OUTPUT_TOKENS_MAX = 10_000_000

/** What the size of a prompt is bounded by. */
export type PromptSize = {
  /** The whole body. */
  bytes: number
  /** Those of them that are images or audio, and not tokenised as text. */
  binaryBytes: number
  /** The most tokens that these can cost. */
  mediaTokens: number
}

/**
 * The most tokens a prompt can have: a tokenizer over bytes makes at least one byte a token, so
 * the bytes of the body bound its text (W-100), plus what its images and audio can cost.
 */
export function promptBound(prompt: PromptSize, contextWindow: number | null): number {
  const bound = Math.max(0, prompt.bytes - prompt.binaryBytes) + prompt.mediaTokens
  return Math.min(bound, contextWindow ?? bound)
}

/** The output one choice may reach: the lowest of the limits somebody set; null when nobody did. */
export function outputBound(...limits: (number | null)[]): number | null {
  const known = limits.filter((limit) => limit !== null)
  return known.length === 0 ? null : Math.min(...known, OUTPUT_TOKENS_MAX)
}
