import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { creditsOf, readStream } from './expect-broken.ts'
import { ask, expectFailure } from './expect-failure.ts'
import { json, startUpstream } from './scripted-upstream.ts'

let document: object
let upstream: Awaited<ReturnType<typeof startUpstream>>
let proxy: Tollkeeper
let scripted: Tollkeeper
beforeAll(async () => {
  upstream = await startUpstream((response) => json(document)(response))
  proxy = await startProxy()
  scripted = await startProxy({ env: { OPENAI_BASE_URL: upstream.url } })
})
afterAll(async () => {
  await scripted.close()
  await proxy.close()
  await upstream.close()
})

async function streamOf(by: Tollkeeper, body: object) {
  const { key, accountId } = await by.customer('100')
  const response = await by.chat(key, body)
  const text = await response.text()
  expect(response.status, text).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  const { events, said, last } = readStream(text)
  expect(last).toBe('[DONE]')
  const chunks = events.slice(0, -1).map((data) => JSON.parse(data))
  const requestId = response.headers.get('x-request-id') as string
  const record = await by.settled(requestId)
  const { posted, held } = (await by.admin('GET', `/accounts/${accountId}`)).body
  expect(held).toBe('0')
  return { chunks, said, record, posted, truth: by.sandbox.calls.get(requestId) }
}

test('a JSON answer to a stream request becomes its chunks', async () => {
  const { chunks, said } = await streamOf(proxy, ask('sandbox-json-for-stream', true))
  expect(said).toBe('Hello, upstream')
  for (const chunk of chunks) {
    expect(chunk).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-/),
      object: 'chat.completion.chunk',
      created: expect.any(Number),
      model: 'sandbox-json-for-stream',
    })
    expect(chunk).not.toHaveProperty('usage')
  }
  expect(chunks.map((chunk) => chunk.choices)).toEqual([
    [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }],
    [{ index: 0, delta: { content: 'Hello, upstream' }, logprobs: null, finish_reason: null }],
    [{ index: 0, delta: {}, finish_reason: 'stop' }],
  ])
})

test('a JSON answer to a stream request is held, charged and recorded as one', async () => {
  const { record, posted, truth } = await streamOf(proxy, ask('sandbox-json-for-stream', true))
  expect(truth).toMatchObject({ promptTokens: 4, completionTokens: 4, finished: true })
  expect(record).toMatchObject({
    stream: true,
    state: 'settled',
    status: 200,
    outcome: 'completed',
    usage_source: 'reported',
    prompt_tokens: 4,
    completion_tokens: 4,
    charged: '0.08',
  })
  expect(record.ttft_ms).toEqual(expect.any(Number))
  expect(posted).toBe('99.92')
})

test('the usage of a JSON answer is the last chunk for a client that asked', async () => {
  const more = { stream_options: { include_usage: true } }
  const { chunks } = await streamOf(proxy, ask('sandbox-json-for-stream', true, more))
  const usage = { prompt_tokens: 4, completion_tokens: 4, total_tokens: 8 }
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage })
})

test('a JSON answer without usage is charged by the estimate, and tells it if asked', async () => {
  const more = { stream_options: { include_usage: true }, sandbox: { usage: {} } }
  const asked = ask('sandbox-json-for-stream', true, more)
  const { chunks, record } = await streamOf(proxy, asked)
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 4 } })
  expect(record).toMatchObject({ usage_source: 'estimated', charged: creditsOf(8) })
})

test('each choice of a JSON answer becomes chunks with its index', async () => {
  const { chunks } = await streamOf(proxy, ask('sandbox-json-for-stream', true, { n: 2 }))
  const seen = chunks.map(({ choices }) => [choices[0].index, choices[0].finish_reason])
  expect(seen).toEqual([
    [0, null],
    [0, null],
    [0, 'stop'],
    [1, null],
    [1, null],
    [1, 'stop'],
  ])
})

test('tool calls, reasoning and unknown fields of a JSON answer are in its chunks', async () => {
  const call = { id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"a":1}' } }
  const message = { role: 'assistant', content: null, reasoning_content: 'So', tool_calls: [call] }
  document = {
    id: 'x',
    object: 'chat.completion',
    created: 1,
    model: 'gpt',
    service_tier: 'flex',
    error: null,
    choices: [{ index: 0, message, finish_reason: 'tool_calls' }],
    usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 },
  }
  const { chunks, record } = await streamOf(scripted, ask('gpt', true))
  expect(chunks[0]).toMatchObject({ service_tier: 'flex' })
  expect(chunks[0]).not.toHaveProperty('error')
  expect(chunks.map(({ choices }) => choices[0].delta)).toEqual([
    { role: 'assistant', content: null },
    { reasoning_content: 'So', tool_calls: [{ index: 0, ...call }] },
    {},
  ])
  expect(record).toMatchObject({ completion_length: 13, charged: creditsOf(12) })
})

test('a JSON answer without choices is a 502 for a stream, not an empty one', async () => {
  document = { id: 'x', object: 'chat.completion', choices: [], usage: { prompt_tokens: 9 } }
  await expectFailure(scripted, ask('gpt', true), {
    status: 502,
    code: 'upstream_error',
    outcome: 'upstream_error',
    cause: /not a chat completion/,
  })
})
