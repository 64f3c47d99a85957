import type { IncomingHttpHeaders } from 'node:http'
import { ProxyError } from '../errors.ts'

const TIMEOUTS = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
])
const RETRY_AFTER_MAX_S = 59
const RETRY_AFTER_DEFAULT_S = 5
const MESSAGE_LENGTH_MAX = 1_000

/** Keys, bearer tokens, URLs and addresses: what an upstream's message may tell of its insides. */
const SECRETS = [
  /\b(?:sk|pk|rk|tk|key|org|proj)[-_][\w-]{6,}/gi,
  /\bBearer\s+\S+/gi,
  /\bhttps?:\/\/\S+/gi,
  /\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g,
]

/** A failure to reach or hear the upstream, from what undici threw. */
export function failureOfThrown(cause: Error & { code?: string }): ProxyError {
  return new ProxyError(isTimeout(cause) ? 'upstream_timeout' : 'upstream_error', { cause })
}

/** Whether a thrown error means that the upstream was too slow. */
export function isTimeout(error: Error & { code?: string }): boolean {
  return error.code !== undefined && TIMEOUTS.has(error.code)
}

/**
 * An upstream's answer that is not 2xx (W-35 to W-38). Its own 4xx about the request reach the
 * client with their status; what is between us and the upstream does not.
 */
export function failureOfAnswer(
  status: number,
  headers: IncomingHttpHeaders,
  body: string,
): ProxyError {
  const told = readError(parse(body))
  const cause = new Error(`upstream answered ${status}: ${told.message ?? 'no error message'}`)
  if (status === 401 || status === 402 || status === 403 || told.code === 'insufficient_quota') {
    return new ProxyError('upstream_misconfigured', { cause })
  }
  if (status === 429) {
    const retryAfterS = retryAfter(headers['retry-after'])
    return new ProxyError('rate_limit_exceeded', { message: told.message, cause, retryAfterS })
  }
  if (status >= 400 && status < 500 && status !== 408) {
    const clientStatus = status === 422 || status === 409 ? 400 : status // both are retried (W-29)
    const param = told.param
    return new ProxyError('upstream_rejected', {
      message: told.message,
      cause,
      status: clientStatus,
      param,
    })
  }
  return new ProxyError('upstream_error', { cause })
}

/** An error the upstream reported inside a 200 (W-39) or a stream (W-64). */
export function failureInBand(error: unknown): ProxyError {
  const told = readError({ error })
  const message = told.message ?? 'The upstream reported an error.'
  const cause = new Error(`upstream reported an error in its answer: ${message}`)
  return new ProxyError('upstream_error', { message, cause })
}

type Told = { message?: string; code?: string; param?: string }

/** Reads any of the error shapes seen in the wild (W-36). */
function readError(body: unknown): Told {
  if (typeof body !== 'object' || body === null) return {}
  const { error, message, detail } = body as Record<string, unknown>
  const inner =
    typeof error === 'object' && error !== null ? (error as Record<string, unknown>) : {}
  const text = [inner.message, error, message, detail].find((one) => typeof one === 'string' && one)
  const told: Told = {}
  if (typeof text === 'string') told.message = scrub(text)
  if (typeof inner.code === 'string') told.code = inner.code
  if (typeof inner.param === 'string') told.param = inner.param.slice(0, 100)
  return told
}

/** Takes keys, URLs and addresses out of an upstream's message (W-37). */
function scrub(text: string): string {
  const clean = SECRETS.reduce((left, secret) => left.replace(secret, '***'), text)
  return clean.slice(0, MESSAGE_LENGTH_MAX)
}

function retryAfter(header: string | undefined): number {
  const seconds = Number(header)
  if (!Number.isFinite(seconds) || seconds <= 0) return RETRY_AFTER_DEFAULT_S
  return Math.min(Math.ceil(seconds), RETRY_AFTER_MAX_S)
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return null
  }
}
