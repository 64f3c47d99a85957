import type { ProxyError } from '../errors.ts'
import { errorBody } from './error-body.ts'
import { errorEvent, sseEvent } from './sse/events.ts'

/** How an API tells its clients of an error. */
export type ErrorShape = {
  /** The body of an error answer. */
  body(error: ProxyError, requestId: string): object
  /**
   * The event that ends a stream.
   * @param sequence the number of the event, where events have numbers
   */
  event(error: ProxyError, sequence: number): string
}

/** Streams of choices: their events have no names. */
export const CHOICES_ERRORS: ErrorShape = { body: errorBody, event: errorEvent }

/**
 * Streams of named events: flat and nested at once, since clients read one or the other (W-65).
 */
export const NAMED_ERRORS: ErrorShape = {
  body: errorBody,
  event(error, sequence) {
    const { error: nested } = errorBody(error)
    const { code, message, param } = nested
    const data = { type: 'error', code, message, param, sequence_number: sequence, error: nested }
    return sseEvent(JSON.stringify(data), 'error')
  },
}

/** What Anthropic calls an error, by its status; others are of the client or of the server. */
const MESSAGES_TYPES: Record<number, string> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
}

/** Anthropic's. */
export const MESSAGES_ERRORS: ErrorShape = {
  body: (error, requestId) => ({ ...messagesError(error), request_id: requestId }),
  event: (error) => sseEvent(JSON.stringify(messagesError(error)), 'error'),
}

function messagesError({ status, message }: ProxyError) {
  const other = status < 500 ? 'invalid_request_error' : 'api_error'
  return { type: 'error', error: { type: MESSAGES_TYPES[status] ?? other, message } }
}
