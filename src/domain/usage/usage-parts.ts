import { isRecord } from '../is-record.ts'
import { tokens } from './token-count.ts'
import type { Usage, UsageParts } from './usage.ts'

/**
 * The parts that the `usage` of an OpenAI-style answer tells, as they are written there.
 * @param input the details of the prompt
 * @param output the details of the completion
 * @returns null where it tells none, as most do
 */
export function readParts(
  wire: Record<string, unknown>,
  input: unknown,
  output: unknown,
): UsageParts | null {
  const prompt = isRecord(input) ? input : {}
  const completion = isRecord(output) ? output : {}
  const counts: UsageParts = {
    cacheWriteTokens: firstCount(
      prompt.cache_write_tokens,
      prompt.cache_creation_tokens,
      wire.cache_creation_input_tokens,
    ),
    inputAudioTokens: firstCount(prompt.audio_tokens),
    inputImageTokens: firstCount(prompt.image_tokens),
    outputAudioTokens: firstCount(completion.audio_tokens),
    outputImageTokens: firstCount(completion.image_tokens),
  }
  if (Object.values(counts).every((count) => count === 0)) return null
  const cached = isRecord(prompt.cached_tokens_details) ? prompt.cached_tokens_details : {}
  return {
    ...counts,
    cacheWrite1hTokens: writtenForAnHour(prompt.cache_creation_token_details),
    cachedAudioTokens: firstCount(cached.audio_tokens),
    cachedImageTokens: firstCount(cached.image_tokens),
  }
}

/** Of what was written to a cache, the tokens that stay there for an hour, as Anthropic has it. */
export function writtenForAnHour(details: unknown): number {
  return isRecord(details) ? firstCount(details.ephemeral_1h_input_tokens) : 0
}

/**
 * The usage with parts that fit into their wholes, so that each token is in one class. Where cached
 * tokens, audio and images are more than the prompt, the surplus is both cached and one of these.
 */
export function withParts(usage: Usage, parts: UsageParts): Usage {
  const { promptTokens, cachedTokens, completionTokens, reasoningTokens, toolCalls } = usage
  const wanted = (name: keyof UsageParts, most: number) => Math.min(parts[name] ?? 0, most)
  const inputAudioTokens = wanted('inputAudioTokens', promptTokens)
  const inputImageTokens = wanted('inputImageTokens', promptTokens - inputAudioTokens)
  const surplus = cachedTokens + inputAudioTokens + inputImageTokens - promptTokens
  const media = Math.min(inputAudioTokens, cachedTokens)
  const cachedAudioTokens = Math.max(wanted('cachedAudioTokens', media), Math.min(surplus, media))
  const cachedImageTokens = Math.max(
    wanted('cachedImageTokens', Math.min(inputImageTokens, cachedTokens - cachedAudioTokens)),
    surplus - cachedAudioTokens,
  )
  const twice = cachedAudioTokens + cachedImageTokens
  const cacheWriteTokens = wanted('cacheWriteTokens', twice - surplus)
  const rest = completionTokens - reasoningTokens
  const outputAudioTokens = wanted('outputAudioTokens', rest)
  return {
    promptTokens,
    cachedTokens,
    completionTokens,
    reasoningTokens,
    ...(toolCalls && { toolCalls }),
    ...told({
      cacheWriteTokens,
      cacheWrite1hTokens: wanted('cacheWrite1hTokens', cacheWriteTokens),
      inputAudioTokens,
      cachedAudioTokens,
      inputImageTokens,
      cachedImageTokens,
      outputAudioTokens,
      outputImageTokens: wanted('outputImageTokens', rest - outputAudioTokens),
    }),
  }
}

/** Without what is 0. */
function told(counts: UsageParts): UsageParts {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0))
}

/** The first of these that is a sound count and not 0. */
function firstCount(...values: unknown[]): number {
  return values.map(tokens).find((count) => count) ?? 0
}
