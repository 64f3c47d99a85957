import { expect } from 'vitest'
import { type ExpectedError, expectError } from '../harness/error-answer.ts'
import type { Customer, LogLine, Proxy as Tollkeeper } from '../harness/proxy.ts'

/** The two ways to ask, for titles: `test.each(KINDS)('... %s', async (_, stream) => ...)`. */
export const KINDS: [title: string, stream: boolean][] = [
  ['a stream', true],
  ['a request without a stream', false],
]

export type ExpectedFailure = ExpectedError & {
  outcome: string
  /** What the log must say among the error's message and causes. */
  cause: RegExp
}

export type FailureLine = LogLine & {
  error: { code: string; message: string; stack: string; causes: string[] }
}

/** A small chat request for a test card. */
export function ask(model: string, stream: boolean, more: object = {}) {
  return { model, stream, messages: [{ role: 'user', content: 'Hello, upstream' }], ...more }
}

/**
 * Sends a request whose upstream fails before its answer begins, and checks everything that must
 * be true then: a typed error and no 200, nothing charged, nothing held, and a log that says why.
 */
export async function expectFailure(proxy: Tollkeeper, body: object, expected: ExpectedFailure) {
  const customer = await proxy.customer('100')
  const response = await proxy.chat(customer.key, body)
  const { outcome, cause, ...answer } = expected
  const { error, requestId } = await expectError(response, answer)
  const record = await proxy.settled(requestId)
  expect(record).toMatchObject({
    state: 'released',
    status: expected.status,
    outcome,
    error: { code: expected.code },
    usage_source: null,
    charged: '0',
    uncollected: '0',
  })
  expect(Number(record.hold)).toBeGreaterThan(0)
  await expectUntouched(proxy, customer)
  const line = (await proxy.logOf(requestId)) as FailureLine
  const { baseUrl } = proxy.app.upstream
  expect(line).toMatchObject({ outcome, status: expected.status, base_url: baseUrl, charged: '0' })
  expectCause(line, expected.code, cause)
  return { error, response, record, line }
}

/** The log line names the error by code, with a stack, and says what caused it. */
export function expectCause({ error }: FailureLine, code: string | null, cause: RegExp): void {
  expect(error.code).toBe(code)
  expect(error.stack).toMatch(/Error: /)
  expect([error.message, ...error.causes].join('\n')).toMatch(cause)
}

/** The account has what it was given, nothing of it held, and the books add up. */
async function expectUntouched(proxy: Tollkeeper, { accountId }: Customer): Promise<void> {
  const account = await proxy.admin('GET', `/accounts/${accountId}`)
  expect(account.body).toMatchObject({ posted: '100', held: '0', available: '100' })
  expect((await proxy.admin('GET', '/audit')).body).toMatchObject({ ok: true })
}
