import { readUsage } from '../../domain/usage/read-usage.ts'
import { asObject } from '../answers/answer.ts'

/**
 * The `usage` object of an answer or a chunk, wherever its upstream put it (W-91): under `usage`,
 * under `x_groq`, as the `timings` of llama.cpp, or in the words of Ollama. What can not be charged
 * counts as none.
 */
export function usageIn(value: Record<string, unknown>): unknown {
  const { usage, x_groq: groq } = value
  if (readUsage(usage) !== null) return usage
  const others = [asObject(groq)?.usage, usageOfTimings(value), usageOfOllama(value)]
  return others.find((one) => readUsage(one) !== null) ?? null
}

/** Whether a chunk may tell a usage somewhere: cheap, as most do not. */
export function mayTellUsage(chunk: Record<string, unknown>): boolean {
  const { usage, x_groq: groq, timings, eval_count: count } = chunk
  return usage !== undefined || groq !== undefined || timings !== undefined || count !== undefined
}

/** A prompt is counted in two parts: what was computed, and what came from the cache. */
function usageOfTimings({ timings }: Record<string, unknown>): object | null {
  const {
    prompt_n: computed,
    cache_n: cached = 0,
    predicted_n: completion,
  } = asObject(timings) ?? {}
  if (!Number.isInteger(computed) || !Number.isInteger(completion)) return null
  const prompt = Number(computed) + Number(cached)
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + Number(completion),
    prompt_tokens_details: { cached_tokens: cached },
  }
}

/** A prompt that was cached is left out: it is estimated then. */
function usageOfOllama(value: Record<string, unknown>): object | null {
  const { prompt_eval_count: prompt = 0, eval_count: completion } = value
  if (!Number.isInteger(prompt) || !Number.isInteger(completion)) return null
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: Number(prompt) + Number(completion),
  }
}
