import { isRecord } from '../../domain/is-record.ts'
import type { Fields } from '../fields.ts'

/** Fields of a body that tell how to answer, and are no part of any prompt. */
const NOT_PROMPT = new Set([
  'logit_bias',
  'metadata',
  'model',
  'prompt_cache_key',
  'safety_identifier',
  'stop',
  'stream_options',
  'user',
])

/**
 * The bytes of all texts, names and numbers in a JSON value, and one for each: the most tokens that
 * whatever is made of it can have.
 */
export function weightOf(json: unknown): number {
  let weight = 0
  const left = [json]
  while (left.length > 0) {
    const value = left.pop()
    weight += 1
    if (!isRecord(value)) weight += Buffer.byteLength(String(value))
    else if (Array.isArray(value)) for (const one of value) left.push(one)
    else {
      for (const [name, one] of Object.entries(value)) {
        weight += Buffer.byteLength(name)
        left.push(one)
      }
    }
  }
  return weight
}

/** The same of what a model may read in the fields of a body beside those that are named. */
export function weightOfOthers(fields: Fields, names: readonly string[]): number {
  let weight = 0
  for (const [name, value] of Object.entries(fields)) {
    const mayBeRead = typeof value === 'string' || isRecord(value)
    if (mayBeRead && !NOT_PROMPT.has(name) && !names.includes(name)) weight += weightOf(value)
  }
  return weight
}
