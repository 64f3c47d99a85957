/** What one call to an upstream brought home: its answer, or why there was none. */
export type Heard = Answered | Unheard

export type Answered = {
  status: number
  /** Names in lower case, one value each. */
  headers: Readonly<Record<string, string>>
  /** As much of the body as was read. */
  body: string
  /** Milliseconds from the request to the first byte of the body, and to the last that was read. */
  firstByteMs: number
  lastByteMs: number
  /** Pieces in which the body arrived. */
  reads: number
  /** `stopped`: by us, with what we wanted; `broken`: the connection was lost. */
  end: 'complete' | 'stopped' | 'broken' | 'too_long' | 'too_slow'
}

export type Unheard = {
  status: null
  why: 'address_refused' | 'unreachable' | 'too_slow' | 'out_of_time'
  /** What was thrown, in words. */
  message: string
}

/** Characters of an upstream's own words that are repeated. */
const QUOTE_CHARS_MAX = 160

const PARAMETER_STATUSES = new Set([400, 404, 415, 422])

export function isAnswered(heard: Heard | null): heard is Answered {
  return heard !== null && heard.status !== null
}

/** A 2xx that came to its end. */
export function isWhole(heard: Heard | null): heard is Answered {
  return isSuccess(heard) && heard.end === 'complete'
}

export function isSuccess(heard: Heard | null): heard is Answered {
  return isAnswered(heard) && heard.status >= 200 && heard.status < 300
}

/** An answer that finds fault with the request, and not with the moment. */
export function isRefused(heard: Heard | null): heard is Answered {
  return isAnswered(heard) && PARAMETER_STATUSES.has(heard.status)
}

/** It was not asked: the time was up. */
export function isUnasked(heard: Heard | null): boolean {
  return heard !== null && heard.status === null && heard.why === 'out_of_time'
}

/** The answer in a few words: its status and the message in it, or why there was none. */
export function inWords(heard: Heard | null): string {
  if (heard === null) return 'not asked'
  if (heard.status === null) return heard.message
  const message = messageIn(heard)
  const ends = { broken: ', broken off', too_long: ', too long', too_slow: ', never ended' }
  const end = heard.end in ends ? ends[heard.end as keyof typeof ends] : ''
  return `answered ${heard.status}${end}${message === '' ? '' : `: ${quoted(message)}`}`
}

/** The message of an error in any of the shapes seen in the wild (W-36); else ''. */
export function messageIn({ body }: Answered): string {
  const parsed = parse(body)
  const value = Array.isArray(parsed) ? parsed[0] : parsed
  if (!isObject(value)) return ''
  const { error, message, detail } = value
  const texts = [isObject(error) ? error.message : error, message, detail]
  const found = texts.find((text) => text !== undefined && text !== null)
  if (found === undefined) return ''
  return typeof found === 'string' ? found : JSON.stringify(found)
}

export function quoted(text: string): string {
  const line = text.replace(/\s+/g, ' ').replace(/[. ]+$/, '')
  return line.length > QUOTE_CHARS_MAX ? `${line.slice(0, QUOTE_CHARS_MAX)}...` : line
}

/** JSON, or undefined. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
