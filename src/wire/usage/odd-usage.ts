import { tokens } from '../../domain/usage/token-count.ts'
import { asObject } from '../answers/answer.ts'

/** Said of a report of a stream that is smaller than one before it. */
export const SMALLER_REPORT = 'a later report is smaller than an earlier one'

const COUNTS = [
  ...['prompt_tokens', 'completion_tokens', 'total_tokens', 'input_tokens', 'output_tokens'],
  ...['cache_creation_input_tokens', 'cache_read_input_tokens'],
]

/** The counts that others are part of, each with the object that tells the parts. */
const WHOLES = [
  ['prompt_tokens', 'prompt_tokens_details'],
  ['input_tokens', 'input_tokens_details'],
] as const

/**
 * What is wrong with the `usage` of an answer, for the operator of an upstream that can not count
 * (W-90, W-93): names, and never a value. What can not be believed is not charged.
 * @returns null where nothing is
 */
export function oddUsage(wire: unknown): string | null {
  if (wire === undefined || wire === null) return null
  const usage = asObject(wire)
  if (usage === null) return 'usage is not an object'
  const unsound = COUNTS.find((name) => isUnsound(usage[name]))
  if (unsound !== undefined) return `${unsound} is not a count of tokens`
  for (const [whole, details] of WHOLES) {
    const cached = asObject(usage[details])?.cached_tokens
    if (isUnsound(cached)) return `cached_tokens of ${whole} is not a count of tokens`
    if (Number(cached ?? 0) > Number(usage[whole] ?? 0)) return `cached_tokens exceed ${whole}`
  }
  return null
}

function isUnsound(count: unknown): boolean {
  return count !== undefined && count !== null && tokens(count) === null
}
