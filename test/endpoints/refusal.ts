import { expect } from 'vitest'
import { expectErrorBody } from '../harness/error-answer.ts'
import type { Run } from './run.ts'

/** What a test expects of a refusal; `code` and `param` only where the API has them. */
export type ExpectedRefusal = { status: number; code?: string; param?: string }

/** What Anthropic calls an error with a status. */
const TYPES: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
  502: 'api_error',
  503: 'overloaded_error',
}

/** Checks that an answer is an error in the shape of its endpoint's API. */
export function expectRefusal(
  path: string,
  { status, headers, text, record, requestId }: Run,
  { status: expectedStatus, ...expected }: ExpectedRefusal,
): { message: string } {
  expect(status, text).toBe(expectedStatus)
  expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
  if (expected.code) expect(record.error).toMatchObject({ code: expected.code })
  if (!path.startsWith('/messages')) {
    const { message } = expectErrorBody(text, expected as { code: string })
    return { message: message as string }
  }
  const body = JSON.parse(text)
  const error = { type: TYPES[status], message: expect.stringMatching(/\S/) }
  expect(body).toEqual({ type: 'error', error, request_id: requestId })
  expect(headers.get('request-id')).toBe(requestId)
  return body.error
}
