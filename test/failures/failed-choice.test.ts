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

const USAGE = { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 }
const FAILED = { code: 'upstream_error', type: 'server_error' }

/** The end of a choice whose model failed, and what the log says of it. */
const ENDS: [more: object, cause: RegExp][] = [
  [{}, /The answer ended with error/],
  [{ finish_reason: 'insufficient_system_resource' }, /insufficient_system_resource/],
  [{ error: { code: 502, message: 'Provider disconnected' } }, /Provider disconnected/],
]

test.each(ENDS)('a stream whose choice ends in an error has no [DONE]: %j', async (more, cause) => {
  const end = { index: 0, delta: { content: '' }, finish_reason: 'error', ...more }
  answer = events(
    chunk({ role: 'assistant', content: 'Hello' }),
    JSON.stringify({ ...JSON.parse(chunk({})), choices: [end] }),
    '[DONE]',
  )
  const { key } = await proxy.customer('100')
  const response = await proxy.chat(key, ask('gpt', true))
  const { said, last } = readStream(await response.text())
  expect(said).toBe('Hello')
  expect(expectErrorBody(last, FAILED).message).toMatch(cause)
  const record = await proxy.settled(response.headers.get('x-request-id') as string)
  expect(record).toMatchObject({ outcome: 'upstream_broken', completion_tokens: 2 })
})

test.each(ENDS)('an answer whose choice ends in an error is none: %j', async (more, cause) => {
  const message = { role: 'assistant', content: 'Hel' }
  const choice = { index: 0, message, finish_reason: 'error', ...more }
  answer = json({ object: 'chat.completion', choices: [choice], usage: USAGE })
  for (const stream of [true, false]) {
    const expected = { status: 502, code: 'upstream_error', outcome: 'upstream_error', cause }
    await expectFailure(proxy, ask('gpt', stream), expected)
  }
})

test.each([
  [1002, 'rate limit', 'upstream_error'],
  [1008, 'insufficient balance', 'upstream_misconfigured'],
])('the status %i of MiniMax beside no choices is an error: %s', async (code, says, expected) => {
  const refusal = { choices: null, base_resp: { status_code: code, status_msg: says } }
  for (const said of [json(refusal), events(JSON.stringify(refusal))]) {
    answer = said
    const failure = { status: 502, code: expected, outcome: 'upstream_error' }
    await expectFailure(proxy, ask('gpt', true), { ...failure, cause: new RegExp(says) })
  }
})

test('the status 0 of MiniMax is none', async () => {
  const choices = [
    { index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' },
  ]
  answer = json({ choices, usage: USAGE, base_resp: { status_code: 0, status_msg: '' } })
  const { key } = await proxy.customer('100')
  expect((await proxy.chat(key, ask('gpt', false))).status).toBe(200)
})
