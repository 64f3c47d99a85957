import { expect } from 'vitest'

/** What a test expects of an error answer; `param` and `type` only where they are given. */
export type ExpectedError = {
  status: number
  code: string | null
  type?: string
  param?: string | null
}

export type WireError = Record<'message' | 'type' | 'param' | 'code', string | null>

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** Checks that an answer is an OpenAI error with all four keys and a request id; returns both. */
export async function expectError(
  response: Response,
  { status, ...expected }: ExpectedError,
): Promise<{ error: WireError; requestId: string }> {
  const text = await response.text()
  expect(response.status, text).toBe(status)
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
  const requestId = response.headers.get('x-request-id') ?? ''
  expect(requestId).toMatch(UUID_V7)
  return { error: expectErrorBody(text, expected), requestId }
}

/** Checks the body of an error answer, or the data of an error event; returns its `error`. */
export function expectErrorBody(json: string, expected: Omit<ExpectedError, 'status'>): WireError {
  const body = JSON.parse(json)
  expect(Object.keys(body)).toEqual(['error'])
  expect(Object.keys(body.error).sort()).toEqual(['code', 'message', 'param', 'type'])
  expect(body.error).toMatchObject(expected)
  expect(body.error.message).toMatch(/\S/)
  expect(body.error.type).toMatch(/\S/)
  return body.error
}
