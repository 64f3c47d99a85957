import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectErrorBody } from '../harness/error-answer.ts'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { readStream } from './expect-broken.ts'
import { ask, expectFailure } from './expect-failure.ts'
import { chunk, events, json, startUpstream } from './scripted-upstream.ts'

let answer = json({})
let upstream: Awaited<ReturnType<typeof startUpstream>>
let proxy: Tollkeeper
beforeAll(async () => {
  upstream = await startUpstream((response) => answer(response))
  proxy = await startProxy({ env: { OPENAI_BASE_URL: upstream.url } })
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

const LATE = [
  { inside: 400, status: 400, code: 'upstream_rejected' },
  { inside: 402, status: 502, code: 'upstream_misconfigured' },
  { inside: 429, status: 429, code: 'rate_limit_exceeded' },
  { inside: '429', status: 429, code: 'rate_limit_exceeded' },
  { inside: 503, status: 502, code: 'upstream_error' },
  { inside: 'insufficient_quota', status: 502, code: 'upstream_misconfigured' },
]

test.each(LATE)('an error of code $inside in a 200 is answered $status $code', async (late) => {
  const { inside, ...expected } = late
  const error = { message: 'No more of that', code: inside }
  for (const document of [{ error }, { error, choices: [] }]) {
    answer = json(document)
    for (const stream of [true, false]) {
      await expectFailure(proxy, ask('gpt', stream), {
        ...expected,
        outcome: 'upstream_error',
        cause: /No more of that/,
      })
    }
  }
})

test.each(LATE)(
  'an error of code $inside as first event is answered $status $code',
  async (late) => {
    const { inside, ...expected } = late
    answer = events(JSON.stringify({ error: { message: 'No more of that', code: inside } }))
    await expectFailure(proxy, ask('gpt', true), {
      ...expected,
      outcome: 'upstream_error',
      cause: /No more of that/,
    })
  },
)

test("an upstream out of money in the middle of a stream is not the client's quota", async () => {
  const error = { message: 'Balance of org-12345678 is 0', code: 'insufficient_quota' }
  answer = events(chunk({ content: 'Hello' }), JSON.stringify({ error }))
  const { key } = await proxy.customer('100')
  const response = await proxy.chat(key, ask('gpt', true))
  const { last } = readStream(await response.text())
  const told = expectErrorBody(last, { code: 'upstream_misconfigured', type: 'server_error' })
  expect(told.message).not.toMatch(/org-|balance/i)
})

test('an event that is not JSON breaks a stream with a typed error', async () => {
  answer = events(chunk({ content: 'Hello' }), '{"choices": [')
  const { key } = await proxy.customer('100')
  const response = await proxy.chat(key, ask('gpt', true))
  const { said, last } = readStream(await response.text())
  expect(said).toBe('Hello')
  expectErrorBody(last, { code: 'upstream_error', type: 'server_error' })
  const record = await proxy.settled(response.headers.get('x-request-id') as string)
  expect(record).toMatchObject({ outcome: 'upstream_broken', completion_tokens: 2 })
})

test('a rate limit of an upstream that says nothing is told as its own', async () => {
  answer = json({ error: { code: 429 } })
  const { error, response } = await expectFailure(proxy, ask('gpt', true), {
    status: 429,
    code: 'rate_limit_exceeded',
    outcome: 'upstream_error',
    cause: /./,
  })
  expect(error.message).toMatch(/upstream/)
  expect(response.headers.get('retry-after')).toBe('5')
})
