/** What bounds the size of a call: the model's own limits, and the tier's. Null is unknown. */
export type ModelLimits = {
  contextWindow: number | null
  maxOutputTokens: number | null
  holdOutputTokens: number | null
}

/** Output tokens a stream holds at a time, and any call whose limit nobody knows. */
export const HOLD_OUTPUT_TOKENS = 4_096

/** The most tokens an image or an audio part can cost a prompt, whatever its size. */
export const IMAGE_TOKENS_MAX = 4_096
export const AUDIO_TOKENS_MAX = 16_384

/** Output limits above this are read as this: more than any model writes, far inside int64. */
export const OUTPUT_TOKENS_MAX = 10_000_000

/**
 * The most tokens a prompt can have: a tokenizer over bytes makes at least one byte a token, so
 * the bytes of the body bound its text (W-100), plus a fixed bound an image or audio part.
 */
export function promptBound(
  body: { bytes: number; binaryBytes: number; images: number; audios: number },
  contextWindow: number | null,
): number {
  const text = Math.max(0, body.bytes - body.binaryBytes)
  const bound = text + body.images * IMAGE_TOKENS_MAX + body.audios * AUDIO_TOKENS_MAX
  return Math.min(bound, contextWindow ?? bound)
}

/** The output one choice may reach: the lowest of the limits somebody set; null when nobody did. */
export function outputBound(...limits: (number | null)[]): number | null {
  const known = limits.filter((limit) => limit !== null)
  return known.length === 0 ? null : Math.min(...known, OUTPUT_TOKENS_MAX)
}
