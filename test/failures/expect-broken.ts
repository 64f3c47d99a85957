import { expect } from 'vitest'
import { expectErrorBody } from '../harness/error-answer.ts'
import type { Proxy as Tollkeeper } from '../harness/proxy.ts'
import { expectCause, type FailureLine } from './expect-failure.ts'

export type ExpectedBreak = { code: string; outcome: string; cause: RegExp }

/** Tokens that the fallback multiplier prices at 10 credits per 1,000, as credits. */
export function creditsOf(tokens: number): string {
  return String(tokens / 100)
}

/** The text that the chunks of an event stream carried, and the data of its last event. */
export function readStream(text: string): { said: string; last: string; events: string[] } {
  expect(text).toMatch(/\n\n$/)
  const blocks = text.split('\n\n').filter((block) => block !== '' && !block.startsWith(':'))
  const events = blocks.map((block) => {
    expect(block).toMatch(/^data: [^\n]+$/)
    return block.slice('data: '.length)
  })
  const chunks = events.filter((data) => data !== '[DONE]').map((data) => JSON.parse(data))
  const said = chunks.map((chunk) => chunk.choices?.[0]?.delta?.content ?? '').join('')
  return { said, last: events.at(-1) ?? '', events }
}

/**
 * Sends a stream that breaks after its answer began, and checks that the client is told so by the
 * last event, that what it was sent is charged at the fallback rate, and that the log says why.
 */
export async function expectBroken(proxy: Tollkeeper, body: object, expected: ExpectedBreak) {
  const { accountId, key } = await proxy.customer('100')
  const response = await proxy.chat(key, body)
  const text = await response.text()
  expect(response.status, text).toBe(200)
  expect(text).not.toMatch(/\[DONE\]/)
  const { said, last } = readStream(text)
  const error = expectErrorBody(last, { code: expected.code, type: 'server_error', param: null })

  const requestId = response.headers.get('x-request-id') as string
  const record = await proxy.settled(requestId)
  const truth = proxy.sandbox.calls.get(requestId)
  const promptTokens = truth?.promptTokens as number
  const completionTokens = Math.ceil(said.length / 4)
  expect(completionTokens).toBe(truth?.completionTokens)
  const charged = creditsOf(promptTokens + completionTokens)
  expect(record).toMatchObject({
    state: 'settled',
    status: 200,
    outcome: expected.outcome,
    usage_source: 'estimated',
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    charged,
    uncollected: '0',
  })
  const account = await proxy.admin('GET', `/accounts/${accountId}`)
  const posted = creditsOf(10_000 - promptTokens - completionTokens)
  expect(account.body).toMatchObject({ posted, held: '0' })
  const line = (await proxy.logOf(requestId)) as FailureLine
  const { baseUrl } = proxy.app.upstream
  expect(line).toMatchObject({ outcome: expected.outcome, base_url: baseUrl, charged })
  expect(line.completion_length).toBe(said.length)
  expectCause(line, expected.code, expected.cause)
  return { said, error, record, line }
}
