import type { IncomingHttpHeaders } from 'node:http'
import { isRecord } from '../domain/is-record.ts'
import { CATALOGUE, ProxyError } from '../errors.ts'
import { asObject } from '../wire/answers/answer.ts'
import { isOurAccount } from '../wire/our-account.ts'
import { AddressRefused } from './connect/address-guard.ts'
import { withoutKey } from './without-key.ts'

const TIMEOUTS = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ERR_ANSWER_OVERDUE',
])
const RETRY_AFTER_MAX_S = 59
const RETRY_AFTER_DEFAULT_S = 5
const MESSAGE_LENGTH_MAX = 1_000
const PARAM_LENGTH_MAX = 100

/** What codes of errors look like; those of our own catalogue mean us, and are not passed on. */
const CODE = /^[a-z]+(_[a-z]+){1,7}$/
const TOO_LONG = 'context_length_exceeded'
const TOO_LONG_WORDS = /context_length_exceeded|maximum context length/i

/**
 * Keys, bearer tokens, URLs, hosts and addresses: what an upstream's message may tell of its
 * insides. Every repetition is bounded or runs to a border, so that no message takes long.
 */
const SECRETS = [
  /\b(?:sk|pk|rk|tk|key|org|proj)[-_][\w-]{6,}/gi,
  /(?<![a-z0-9])(?=[a-z]*\d)[a-z0-9]{20,}/gi, // a key of any other shape
  /\bBearer\s+\S+/gi,
  /\b[a-z][a-z0-9+.-]{1,20}:\/\/\S+/gi,
  /\b(?:[a-z0-9-]{1,63}\.){1,8}(?:internal|local|lan|corp|svc)\b(?::\d+)?/gi,
  /\b(?:localhost|(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,20}):\d{2,5}\b/gi,
  /\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g,
  /\[(?=[0-9a-f]*:)[0-9a-f:.]{2,45}\](?::\d+)?/gi,
]

/** A failure to reach or hear the upstream, from what undici threw. */
export function failureOfThrown(cause: Error & { code?: string }): ProxyError {
  if (cause instanceof AddressRefused) return new ProxyError('upstream_misconfigured', { cause })
  return new ProxyError(isTimeout(cause) ? 'upstream_timeout' : 'upstream_error', { cause })
}

/** Whether a thrown error means that the upstream was too slow. */
export function isTimeout(error: Error & { code?: string }): boolean {
  return error.code !== undefined && TIMEOUTS.has(error.code)
}

/**
 * An upstream's answer that is not 2xx (W-35 to W-38).
 * @param apiKey the key it was sent, which it may repeat
 */
export function failureOfAnswer(
  status: number,
  headers: IncomingHttpHeaders,
  body: string,
  apiKey: string | null = null,
): ProxyError {
  const told = readError(parse(body), apiKey)
  const cause = new Error(`upstream answered ${status}: ${told.message ?? 'no error message'}`)
  return failureOfStatus(status, told, cause, headers['retry-after'])
}

/**
 * An error the upstream reported inside a 200 (W-39) or a stream (W-64). Where it names the status
 * it should have had, it means the same as with that status.
 */
export function failureInBand(error: unknown, apiKey: string | null = null): ProxyError {
  const isWrapped = isRecord(error) && isRecord(error.error) // llama.cpp, in its SSE field `error:`
  const told = readError(isWrapped ? error : { error }, apiKey)
  const message = told.message ?? 'The upstream reported an error.'
  const cause = new Error(`upstream reported an error in its answer: ${message}`)
  const status = told.status ?? (told.code === TOO_LONG ? 400 : undefined)
  if (status || told.isOurs) return failureOfStatus(status ?? 500, told, cause)
  return new ProxyError('upstream_error', { message, cause })
}

/**
 * The upstream's own 4xx about the request reach the client with their status; what is between us
 * and the upstream does not.
 */
function failureOfStatus(
  status: number,
  { message, param, code, isOurs }: Told,
  cause: Error,
  retryAfterHeader?: string,
): ProxyError {
  if (status === 401 || status === 402 || status === 403 || isOurs) {
    return new ProxyError('upstream_misconfigured', { cause })
  }
  if (status === 429) {
    const retryAfterS = retryAfter(retryAfterHeader)
    const text = message ?? 'The upstream is limiting requests.'
    return new ProxyError('rate_limit_exceeded', { message: text, cause, retryAfterS })
  }
  if (status >= 400 && status < 500 && status !== 408) {
    const clientStatus = status === 422 || status === 409 ? 400 : status // both are retried (W-29)
    return new ProxyError('upstream_rejected', {
      message: withItsWords(message ?? `The upstream returned ${status}.`, code),
      cause,
      status: clientStatus,
      param,
      upstreamCode: code,
    })
  }
  return new ProxyError('upstream_error', { cause })
}

type Told = {
  message?: string
  param?: string
  /** Its own code of the error, where that tells the client something. */
  code?: string
  /** A client error that the upstream gave as a numeric code. */
  status?: number
  /** It is about our key or account there, as far as the error itself tells. */
  isOurs: boolean
}

/** Reads any of the error shapes seen in the wild (W-36). */
function readError(body: unknown, apiKey: string | null): Told {
  const first = Array.isArray(body) ? body[0] : body // as Google sends them
  if (!isRecord(first)) return { isOurs: false }
  const { error = first.errors, message } = first
  const inner = asObject(Array.isArray(error) ? error[0] : error) ?? {} // as Cloudflare has it
  const { detail } = asObject(message) ?? {} // as Mistral has it
  const texts = [inner.message, error, message, detailText(first.detail ?? detail)]
  const text = texts.find((one) => typeof one === 'string' && one)
  const names = [inner.code, inner.type, first.code]
  const told: Told = { isOurs: isOurAccount(names, String(text)) }
  if (typeof text === 'string') told.message = scrub(text, apiKey)
  const { code: number } = inner // LiteLLM sends it as a text
  const status = typeof number === 'string' ? Number(number) : number
  if (isClientError(status)) told.status = status
  const code = codeOf(inner, told.message ?? '', apiKey)
  if (code !== null) told.code = code
  if (typeof inner.param === 'string')
    told.param = scrub(inner.param, apiKey).slice(0, PARAM_LENGTH_MAX)
  return told
}

/** The code that clients know, also of upstreams that have another one or none (W-28, W-36). */
function codeOf(
  { code, type }: Record<string, unknown>,
  message: string,
  apiKey: string | null,
): string | null {
  if ([code, type].includes('exceed_context_size_error')) return TOO_LONG
  if (TOO_LONG_WORDS.test(message)) return TOO_LONG
  const isTold = typeof code === 'string' && CODE.test(code) && scrub(code, apiKey) === code
  return isTold && !(code in CATALOGUE) ? code : null
}

/** LangChain finds a prompt that is too long by the words alone. */
function withItsWords(message: string, code: string | undefined): string {
  if (code !== TOO_LONG || TOO_LONG_WORDS.test(message)) return message
  return `${message} (${TOO_LONG})`
}

/** FastAPI's `detail`: a text, or a list of what is wrong where. */
function detailText(detail: unknown): unknown {
  if (!Array.isArray(detail)) return detail
  const faults = detail.filter(isRecord).map(({ loc, msg }) => {
    const place = Array.isArray(loc) ? loc.filter((part) => part !== 'body').join('.') : ''
    return [place, msg].filter((part) => typeof part === 'string' && part).join(': ')
  })
  return faults.filter(Boolean).join('; ')
}

/** Takes keys, URLs and addresses out of an upstream's message (W-37). */
function scrub(text: string, apiKey: string | null): string {
  const told = withoutKey(text, apiKey)
  const clean = SECRETS.reduce((left, secret) => left.replace(secret, '***'), told)
  return clean.slice(0, MESSAGE_LENGTH_MAX)
}

/** Seconds, also where it is told as a date (RFC 9110, 10.2.3). */
function retryAfter(header = ''): number {
  const isDate = Number.isNaN(Number(header))
  const seconds = isDate ? (Date.parse(header) - Date.now()) / 1_000 : Number(header)
  if (!Number.isFinite(seconds) || seconds <= 0) return RETRY_AFTER_DEFAULT_S
  return Math.min(Math.ceil(seconds), RETRY_AFTER_MAX_S)
}

function isClientError(code: unknown): code is number {
  return Number.isInteger(code) && (code as number) >= 400 && (code as number) < 500
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return null
  }
}

/** The upstream's side of a stream ended too early. @param began whether it sent a chunk at all */
export function truncatedStream(began: boolean): ProxyError {
  const cause = new Error(
    began
      ? 'the upstream closed the stream without a finish_reason'
      : 'the upstream sent an event stream without a single event',
  )
  return new ProxyError('upstream_incomplete', { cause })
}

/** An event that is no chunk. */
export function garbageEvent(): ProxyError {
  const cause = new Error('the upstream sent an event that is not JSON')
  return new ProxyError('upstream_error', { cause })
}

/** The upstream compressed its answer in a way that nobody asked for, and we do not know. */
export function unknownCoding(): ProxyError {
  const cause = new Error('the upstream sent an answer whose content-encoding is unknown')
  return new ProxyError('upstream_error', { cause })
}

/** An attempt was given up, before its time, for another route. */
export function givenUp(afterMs: number): ProxyError {
  const cause = new Error(`no answer within ${Math.round(afterMs)} ms, with another route left`)
  return new ProxyError('upstream_timeout', { cause })
}
