import { AT_CHUNK, DELAY_MS, REPLY_CHARS, REPORTED_TOKENS, USAGE_CHARS } from '../limits.ts'
import { badField } from '../problem.ts'

/** The integer fields of a request's `sandbox` object, with the least and the most of each. */
const BOUNDS = {
  /** Characters of the reply. */
  reply_chars: [0, REPLY_CHARS],
  /** Characters of one content chunk. */
  chunk_chars: [1, REPLY_CHARS],
  /** Milliseconds between two content chunks. */
  delay_ms: [0, DELAY_MS],
  /** Milliseconds from the head of a stream to its first event. */
  first_delay_ms: [0, DELAY_MS],
  /** Milliseconds before the status line. */
  head_delay_ms: [0, DELAY_MS],
  /** Content chunks written before the card's fault. */
  at_chunk: [0, AT_CHUNK],
  /** Tokens to report instead of the counted ones. */
  prompt_tokens: [0, REPORTED_TOKENS],
  completion_tokens: [0, REPORTED_TOKENS],
} as const satisfies Record<string, readonly [number, number]>

type Field = keyof typeof BOUNDS

/** How one request tunes its card; `usage` is the JSON text to report instead of any other. */
export type Tuning = { readonly [field in Field]?: number } & { readonly usage?: string }

/** Reads the `sandbox` object of a request body. Throws a Problem (400) that names the field. */
export function readTuning(value: unknown): Tuning {
  if (value === undefined) return {}
  if (!isObject(value)) throw badField('sandbox', 'it must be an object')
  const tuning: { [field in Field]?: number } & { usage?: string } = {}
  for (const [name, given] of Object.entries(value)) {
    if (name === 'usage') tuning.usage = readUsage(given)
    else if (isField(name)) tuning[name] = readInteger(name, given)
    else throw badField(`sandbox.${name}`, 'there is no such field')
  }
  return tuning
}

function readInteger(name: Field, value: unknown): number {
  const [least, most] = BOUNDS[name]
  if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) {
    return Number(value)
  }
  throw badField(`sandbox.${name}`, `it must be an integer from ${least} to ${most}`)
}

function readUsage(value: unknown): string {
  if (!isObject(value)) throw badField('sandbox.usage', 'it must be an object')
  const json = JSON.stringify(value)
  if (json.length <= USAGE_CHARS) return json
  throw badField('sandbox.usage', `as JSON it must not pass ${USAGE_CHARS} characters`)
}

function isField(name: string): name is Field {
  return Object.hasOwn(BOUNDS, name)
}

/** A JSON object, not an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
