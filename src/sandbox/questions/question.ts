import type { Dialect } from '../dialect.ts'
import { badField, Problem } from '../problem.ts'
import { isObject, type Tuning } from './tuning.ts'

/** What the sandbox reads of a request, whatever its endpoint. */
export type Question = {
  /** How its answer is written. */
  readonly dialect: Dialect
  readonly body: Readonly<Record<string, unknown>>
  readonly model: string
  readonly stream: boolean
  /** `user`, where it is text. */
  readonly user: string | null
  readonly includeUsage: boolean
  /** How many answers it wants. */
  readonly choices: number
  /** The client's limit of tokens; null when it set none. */
  readonly limitTokens: number | null
  /** What an echo repeats. */
  readonly said: string
  readonly promptTokens: number
  readonly tuning: Tuning
}

/** Reads a JSON object, or throws a Problem (400). */
export function parseBody(text: string): Record<string, unknown> {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw new Problem(400, 'We could not parse the JSON body of your request.', null)
  }
  if (!isObject(body)) throw new Problem(400, 'The body must be a JSON object.', null)
  return body
}

export function readModel({ model }: Record<string, unknown>): string {
  if (typeof model !== 'string' || model === '') throw badField('model', 'it must be a string')
  return model
}

export function readStream({ stream = false }: Record<string, unknown>): boolean {
  if (typeof stream !== 'boolean' && stream !== null) {
    throw badField('stream', 'it must be a boolean')
  }
  return stream === true
}

export function readUser({ user }: Record<string, unknown>): string | null {
  return typeof user === 'string' ? user : null
}

export function readCount(
  body: Record<string, unknown>,
  name: string,
  most = Number.MAX_SAFE_INTEGER,
  least = 1,
): number | null {
  const value = body[name] ?? null
  if (value === null) return null
  const isCount = Number.isInteger(value) && Number(value) >= least && Number(value) <= most
  if (isCount) return Number(value)
  throw badField(name, `it must be an integer from ${least} to ${most}`)
}

/** All text in a value: itself, that in a list, and `content`, `text` and `output` of objects. */
export function textIn(value: unknown): string {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return value.map(textIn).join('')
  if (!isObject(value)) return ''
  return [value.content, value.text, value.output].map(textIn).join('')
}
