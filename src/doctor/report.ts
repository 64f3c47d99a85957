import { readUsage } from '../domain/usage/read-usage.ts'
import { isObject } from './heard.ts'

/** Tokens as an upstream reported them, and where it did. */
export type Report = {
  from: 'usage' | 'x_groq' | 'timings'
  prompt: number | null
  completion: number | null
  /** Reasoning tokens it tells of. */
  reasoning: number | null
  total: number | null
  /** It can be charged. */
  isUsable: boolean
}

/** The report in an answer or a chunk; null where it has none. */
export function readReport(value: Record<string, unknown>): Report | null {
  const { usage, x_groq: groq, timings } = value
  if (isObject(usage)) return reportOf('usage', usage)
  if (isObject(groq) && isObject(groq.usage)) return reportOf('x_groq', groq.usage)
  if (isObject(timings) && 'predicted_n' in timings) {
    const prompt = (count(timings.prompt_n) ?? 0) + (count(timings.cache_n) ?? 0)
    const completion = count(timings.predicted_n)
    const isUsable = completion !== null
    return { from: 'timings', prompt, completion, reasoning: null, total: null, isUsable }
  }
  return null
}

function reportOf(from: Report['from'], usage: Record<string, unknown>): Report {
  const { completion_tokens_details: details } = usage
  return {
    from,
    prompt: count(usage.prompt_tokens),
    completion: count(usage.completion_tokens),
    reasoning: isObject(details) ? count(details.reasoning_tokens) : null,
    total: count(usage.total_tokens),
    isUsable: readUsage(usage) !== null,
  }
}

function count(value: unknown): number | null {
  return Number.isInteger(value) ? (value as number) : null
}
