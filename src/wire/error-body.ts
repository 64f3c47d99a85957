import type { ErrorCode, ProxyError } from '../errors.ts'

export type ErrorBody = {
  error: { message: string; type: string; param: string | null; code: string | null }
}

/** After these nobody knows where on its connection the next request begins (RFC 9112, 9.6). */
const LAST_ON_CONNECTION: readonly ErrorCode[] = [
  'bad_http',
  'request_header_fields_too_large',
  'request_timeout',
]

/** The body of every error answer: all four keys, always (W-25). */
export function errorBody(error: ProxyError): ErrorBody {
  const { message, type, param } = error
  const code = error.code === 'missing_api_key' ? null : (error.upstreamCode ?? error.code)
  return { error: { message, type, param, code } }
}

/** The headers of an error answer (W-27, W-32, W-33). */
export function errorHeaders(error: ProxyError): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': 'application/json; charset=utf-8' }
  if (LAST_ON_CONNECTION.includes(error.code)) headers.connection = 'close'
  if (error.retry !== undefined) headers['x-should-retry'] = String(error.retry)
  if (error.retryAfterS !== undefined) {
    headers['retry-after'] = String(error.retryAfterS)
    headers['retry-after-ms'] = String(error.retryAfterS * 1000)
  }
  return headers
}
