/**
 * One line of the error catalogue.
 * `retry` is what `x-should-retry` tells the SDKs; left out, they decide by status (W-30).
 */
type CatalogueEntry = {
  status: number
  type: string
  message: string
  retry?: false
  /** Whole seconds, 1 to 59: clients ignore or misread anything longer (W-32). */
  retryAfterS?: number
}

const BAD_REQUEST = { status: 400, type: 'invalid_request_error' } as const
const NO_RETRY = { retry: false } as const

/** Every error Tollkeeper answers with. docs/errors.md mirrors this table. */
export const CATALOGUE = {
  missing_api_key: {
    status: 401,
    type: 'invalid_request_error',
    message: 'No API key provided. Send it as "Authorization: Bearer <key>".',
  },
  invalid_api_key: {
    status: 401,
    type: 'invalid_request_error',
    message: 'Incorrect API key provided.',
  },
  account_suspended: {
    status: 403,
    type: 'invalid_request_error',
    message: 'This account is not active.',
  },
  account_frozen: {
    status: 403,
    type: 'invalid_request_error',
    message: 'This account is frozen: its operator has to look at its balance.',
  },
  model_not_allowed: {
    status: 403,
    type: 'invalid_request_error',
    message: 'This API key may not use this model.',
  },
  model_not_found: {
    status: 404,
    type: 'invalid_request_error',
    message: 'The model does not exist.',
  },
  not_found: { status: 404, type: 'invalid_request_error', message: 'No such object.' },
  unknown_url: { status: 404, type: 'invalid_request_error', message: 'Invalid URL.' },
  method_not_supported: {
    status: 405,
    type: 'invalid_request_error',
    message: 'This URL does not support this method.',
  },
  conflict: {
    status: 409,
    type: 'invalid_request_error',
    message: 'The request contradicts what is stored.',
    ...NO_RETRY,
  },
  idempotency_key_in_use: {
    status: 409,
    type: 'invalid_request_error',
    message: 'A request with this Idempotency-Key is running. Try again when it has ended.',
    retryAfterS: 2,
  },
  idempotency_key_reused: {
    ...BAD_REQUEST,
    message: 'This Idempotency-Key was used with another request. Send a new key.',
  },
  idempotency_answer_gone: {
    status: 410,
    type: 'invalid_request_error',
    message: 'The request with this Idempotency-Key has run, and its answer is not kept.',
  },
  overdraft: {
    status: 409,
    type: 'invalid_request_error',
    message: 'The account has fewer credits available than this takes.',
    ...NO_RETRY,
  },
  invalid_json: { ...BAD_REQUEST, message: 'The body is not valid JSON.' },
  invalid_value: { ...BAD_REQUEST, message: 'A parameter has a value that is not allowed.' },
  missing_required_parameter: { ...BAD_REQUEST, message: 'A required parameter is missing.' },
  request_too_large: {
    status: 413,
    type: 'invalid_request_error',
    message: 'The request body is larger than this server accepts.',
  },
  unsupported_media_type: {
    status: 415,
    type: 'invalid_request_error',
    message: 'Send the body as application/json.',
  },
  unsupported_content_encoding: {
    status: 415,
    type: 'invalid_request_error',
    message: 'The body has a Content-Encoding that is not read.',
  },
  invalid_content_encoding: {
    ...BAD_REQUEST,
    message: 'The body is not what its Content-Encoding says.',
  },
  websocket_not_supported: {
    status: 426,
    type: 'invalid_request_error',
    message: 'This server does not speak WebSocket. Send the request over HTTP.',
    ...NO_RETRY,
  },
  bad_http: { ...BAD_REQUEST, message: 'The request is not valid HTTP.' },
  request_header_fields_too_large: {
    status: 431,
    type: 'invalid_request_error',
    message: 'The request headers are larger than this server accepts.',
  },
  request_timeout: {
    status: 408,
    type: 'invalid_request_error',
    message: 'The request did not arrive in time.',
    ...NO_RETRY,
  },
  insufficient_quota: {
    status: 402,
    type: 'insufficient_quota',
    message: 'The account has too few credits for this request.',
    ...NO_RETRY,
  },
  spend_limit_reached: {
    status: 402,
    type: 'insufficient_quota',
    message: 'This API key has reached its spending limit.',
    ...NO_RETRY,
  },
  credits_held: {
    status: 429,
    type: 'requests',
    message: 'Running requests hold the credits this request needs. Try again when they end.',
    retryAfterS: 2,
  },
  rate_limit_exceeded: {
    status: 429,
    type: 'requests',
    message: 'Too many requests: a limit of requests a minute is reached.',
    retryAfterS: 5,
  },
  concurrency_limit_exceeded: {
    status: 429,
    type: 'requests',
    message: 'Too many requests of this account or key are running.',
    retryAfterS: 1,
  },
  upstream_rejected: {
    status: 400,
    type: 'invalid_request_error',
    message: 'The upstream refused the request.',
  },
  upstream_error: {
    status: 502,
    type: 'server_error',
    message: 'The upstream failed to answer.',
  },
  upstream_incomplete: {
    status: 502,
    type: 'server_error',
    message: 'The upstream ended its answer before it was complete.',
  },
  upstream_misconfigured: {
    status: 502,
    type: 'server_error',
    message: 'The upstream does not accept this server. Its operator has to act.',
    ...NO_RETRY,
  },
  upstream_timeout: {
    status: 504,
    type: 'server_error',
    message: 'The upstream did not answer in time.',
  },
  ledger_unavailable: {
    status: 503,
    type: 'server_error',
    message: 'Credits can not be checked right now. Try again soon.',
    retryAfterS: 2,
  },
  shutting_down: {
    status: 503,
    type: 'server_error',
    message: 'This server is shutting down. Try again.',
    retryAfterS: 1,
  },
  overloaded: {
    status: 503,
    type: 'server_error',
    message: 'This server is at its limit. Try again soon.',
    retryAfterS: 2,
  },
  internal_error: {
    status: 500,
    type: 'server_error',
    message: 'The server had an error while processing the request.',
    ...NO_RETRY,
  },
} as const satisfies Record<string, CatalogueEntry>

export type ErrorCode = keyof typeof CATALOGUE

type ErrorDetails = {
  /** A sentence fit for the customer; left out, the catalogue's. */
  message?: string | undefined
  /** The field of the request that is at fault. */
  param?: string | undefined
  cause?: unknown
  /** Another status than the catalogue's: an upstream's own 4xx, or a 500 where we cut it off. */
  status?: number | undefined
  /** The upstream's own code, which the client is told instead: SDKs look for some (W-28). */
  upstreamCode?: string | undefined
  retryAfterS?: number | undefined
}

/** An error with a line in the catalogue: the only kind that reaches a client. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError'
  readonly code: ErrorCode
  readonly status: number
  readonly type: string
  readonly param: string | null
  readonly upstreamCode: string | null
  readonly retry: boolean | undefined
  readonly retryAfterS: number | undefined

  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    const entry: CatalogueEntry = CATALOGUE[code]
    super(details.message ?? entry.message, { cause: details.cause })
    this.code = code
    this.status = details.status ?? entry.status
    this.type = entry.type
    this.param = details.param ?? null
    this.upstreamCode = details.upstreamCode ?? null
    this.retry = entry.retry
    this.retryAfterS = details.retryAfterS ?? entry.retryAfterS
  }
}

/** Any thrown value as a ProxyError: what has no line in the catalogue is our own fault. */
export function toProxyError(error: unknown): ProxyError {
  return error instanceof ProxyError ? error : new ProxyError('internal_error', { cause: error })
}
