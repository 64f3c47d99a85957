import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { PROVIDER_KEY, putModel } from '../routing/setup.ts'
import { begin, creditsOf, eventsOf, run, send } from './run.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy({ env: { UPSTREAM_ALLOW_CIDRS: '127.0.0.0/8' } })
})
afterAll(() => proxy.close())

const PATH = '/messages'
const messages = [{ role: 'user', content: 'Hello, upstream' }]
const ask = (more: object = {}) => ({ model: 'sandbox-echo', max_tokens: 100, messages, ...more })
const asStream = (model: string, more: object = {}) => ask({ model, stream: true, ...more })
const textOf = (text: string) =>
  eventsOf(text)
    .map(({ data }) => data.delta?.text ?? '')
    .join('')

test('a message passes as the upstream sent it, and is charged as it reported', async () => {
  const { text, record, account } = await run(proxy, PATH, ask())
  expect(JSON.parse(text)).toMatchObject({
    type: 'message',
    content: [{ type: 'text', text: 'Hello, upstream' }],
    stop_reason: 'end_turn',
    usage: { input_tokens: 4, output_tokens: 4 },
  })
  expect(record).toMatchObject({ usage_source: 'reported', charged: creditsOf(8) })
  expect(account).toMatchObject({ posted: '999.92', held: '0' })
})

test('every event of a stream of a message has its name, and message_stop ends it', async () => {
  const { text, record } = await run(proxy, PATH, asStream('sandbox-echo'))
  const events = eventsOf(text)
  for (const { name, data } of events) expect(data.type).toBe(name)
  const names = events.map(({ name }) => name)
  expect(names.slice(0, 3)).toEqual(['message_start', 'ping', 'content_block_start'])
  expect(names.slice(-3)).toEqual(['content_block_stop', 'message_delta', 'message_stop'])
  expect(textOf(text)).toBe('Hello, upstream')
  expect(record).toMatchObject({ outcome: 'completed', usage_source: 'reported' })
  expect(record).toMatchObject({ prompt_tokens: 4, completion_tokens: 4, charged: creditsOf(8) })
})

test.each([true, false])(
  'tokens read from a cache are cached, written ones input (stream: %j)',
  async (stream) => {
    const usage = {
      input_tokens: 10,
      cache_creation_input_tokens: 200,
      cache_read_input_tokens: 3_000,
      output_tokens: 7,
    }
    const { record } = await run(proxy, PATH, ask({ stream, sandbox: { usage } }))
    expect(record).toMatchObject({
      prompt_tokens: 3_210,
      cached_tokens: 3_000,
      completion_tokens: 7,
    })
  },
)

test.each([true, false])(
  'tokens of thinking are reasoning among the output (stream: %j)',
  async (stream) => {
    const details = { output_tokens_details: { thinking_tokens: 30 } }
    const usage = { input_tokens: 10, output_tokens: 40, ...details }
    const { record } = await run(proxy, PATH, ask({ stream, sandbox: { usage } }))
    expect(record).toMatchObject({ completion_tokens: 40, reasoning_tokens: 30 })
  },
)

test.each([true, false])(
  'without usage a message is charged its text (stream: %j)',
  async (stream) => {
    for (const model of ['sandbox-no-usage', 'sandbox-usage-null', 'sandbox-usage-zero']) {
      const { record } = await run(proxy, PATH, ask({ model, stream }))
      expect(record).toMatchObject({ usage_source: 'estimated', charged: creditsOf(8) })
    }
  },
)

test('what a message thinks and calls is text that is charged', async () => {
  for (const stream of [true, false]) {
    const more = { stream, sandbox: { usage: {} } }
    const thought = await run(proxy, PATH, ask({ model: 'sandbox-reasoning', ...more }))
    expect(thought.record.completion_length).toBe(40 + 15)
    const called = await run(proxy, PATH, ask({ model: 'sandbox-tool-call', ...more }))
    expect(called.record.completion_length).toBe('{"city":"Oslo"}'.length)
  }
})

test('a stream that breaks off ends with an error event, and is charged its text', async () => {
  const { text, record } = await run(proxy, PATH, asStream('sandbox-cut-midstream'))
  const last = eventsOf(text).at(-1)
  expect(last).toEqual({
    name: 'error',
    data: { type: 'error', error: { type: 'api_error', message: expect.any(String) } },
  })
  expect(record).toMatchObject({ outcome: 'upstream_broken', charged: creditsOf(4 + 3) })
})

test('an error in the stream of a message is told once, in its own shape', async () => {
  const { text, record } = await run(proxy, PATH, asStream('sandbox-error-midstream'))
  const errors = eventsOf(text).filter(({ name }) => name === 'error')
  expect(errors.map(({ data }) => data.error.type)).toEqual(['api_error'])
  expect(record).toMatchObject({ outcome: 'upstream_broken', charged: creditsOf(4 + 3) })
})

test('a client that leaves a stream of a message pays for what was said', async () => {
  const { key } = await proxy.customer('100')
  const body = asStream('sandbox-hang-midstream')
  const { until, leave, requestId } = await begin(proxy, key, PATH, body)
  await until('"pstr"')
  leave()
  const expected = { outcome: 'client_gone', charged: creditsOf(4 + 3) }
  expect(await proxy.settled(requestId)).toMatchObject(expected)
})

test('credits that run out in a stream end it with the error of an unpaid bill', async () => {
  const body = asStream('sandbox-echo', { max_tokens: 50_000, sandbox: { reply_chars: 20_000 } })
  const { text, record } = await run(proxy, PATH, body, '42')
  expect(eventsOf(text).at(-1)?.data).toMatchObject({ error: { type: 'billing_error' } })
  expect(record).toMatchObject({ outcome: 'out_of_credits', uncollected: '0' })
})

test('counting tokens is free, limited and on record', async () => {
  await proxy.admin('PUT', '/tiers/slow', { requests_per_minute: 1 })
  await eventually(() => proxy.app.database.catalogue().tiers.has('slow') || undefined)
  const { key, accountId } = await proxy.customer('0.000001', { tier: 'slow' })
  const body = { model: 'sandbox-echo', messages, system: 'Be kind' }
  const first = await send(proxy, key, '/messages/count_tokens', body)
  expect(await first.json()).toEqual({ input_tokens: 6 })
  const record = await proxy.settled(first.headers.get('x-request-id') as string)
  expect(record).toMatchObject({ outcome: 'completed', hold: '0', charged: '0', prompt_tokens: 6 })
  const second = await send(proxy, key, '/messages/count_tokens', body)
  expect(second.status).toBe(429)
  expect(await second.json()).toMatchObject({ type: 'error', error: { type: 'rate_limit_error' } })
  const { body: account } = await proxy.admin('GET', `/accounts/${accountId}`)
  expect(account).toMatchObject({ posted: '0.000001', held: '0' })
})

test('a provider of its own gets its key and its headers in the form it wants', async () => {
  const settings = { base_url: proxy.sandbox.url, api_key: PROVIDER_KEY }
  const profile = { api: 'anthropic' }
  await proxy.admin('PUT', '/providers/claudia', { ...settings, profile })
  await putModel(proxy, 'house/claude', [{ provider: 'claudia', upstream_model: 'sandbox-echo' }])
  const { key } = await proxy.customer('100')
  const headers = {
    'x-api-key': key,
    'content-type': 'application/json',
    'anthropic-version': '2023-06-01',
    'anthropic-beta': 'context-1m',
    'openai-beta': 'x',
  }
  const body = JSON.stringify(asStream('house/claude'))
  const response = await send(proxy, key, `${PATH}?beta=true`, '', { headers, body })
  const text = await response.text()
  const truth = proxy.sandbox.calls.get(response.headers.get('x-request-id') as string)
  expect(truth?.path).toBe('/v1/messages')
  expect(truth?.headers).toMatchObject({
    'x-api-key': PROVIDER_KEY,
    'anthropic-version': '2023-06-01',
    'anthropic-beta': 'context-1m',
  })
  expect(truth?.headers).not.toHaveProperty('authorization')
  expect(truth?.headers).not.toHaveProperty('openai-beta')
  expect(eventsOf(text)[0]?.data.message.model).toBe('house/claude')
  expect(text).not.toContain('sandbox-echo')

  const chat = await send(proxy, key, '/chat/completions', { model: 'house/claude', messages })
  expect(chat.status).toBe(404)
  expect(await chat.json()).toMatchObject({ error: { code: 'model_not_found', param: 'model' } })
})

const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

test('whatever is wrong on the paths of messages is said in their shape', async () => {
  const { key } = await proxy.customer('100')
  const wrong: [status: number, type: string, path: string, init: RequestInit][] = [
    [401, 'authentication_error', PATH, { method: 'POST', headers: bearer('tk_wrong') }],
    [401, 'authentication_error', PATH, { method: 'POST' }],
    [405, 'invalid_request_error', PATH, { headers: bearer(key) }],
    [404, 'not_found_error', '/messages/batches', { method: 'POST', headers: bearer(key) }],
    [404, 'not_found_error', '/messages/batches/1', { headers: bearer(key) }],
    [415, 'invalid_request_error', PATH, { method: 'POST', headers: bearer(key), body: 'x' }],
  ]
  for (const [status, type, path, init] of wrong) {
    const response = await fetch(`${proxy.url}${path}`, init)
    expect(response.status, path).toBe(status)
    const request_id = response.headers.get('request-id')
    const error = { type, message: expect.any(String) }
    expect(await response.json()).toEqual({ type: 'error', error, request_id })
  }
})

const UNSOUND: [body: object, what: string][] = [
  [ask({ container: 'cntr_1' }), 'container'],
  [ask({ container: { id: 'cntr_1' } }), 'container'],
  [ask({ messages: [{ role: 'user', content: [{ source: { file_id: 'file_1' } }] }] }), 'file_id'],
  [ask({ messages: 'Hello' }), 'messages'],
  [ask({ max_tokens: -1 }), 'max_tokens'],
  [ask({ stream: 'yes' }), 'stream'],
]

test.each(UNSOUND)('%j is a 400 that names the field', async (body, what) => {
  const { status, text, truth } = await run(proxy, PATH, body)
  expect(status).toBe(400)
  expect(JSON.parse(text).error.message).toContain(`"${what}"`)
  expect(truth).toBeUndefined()
})

test('the arguments of a client’s own tool may be called anything', async () => {
  const input = { file_id: 'file_1', container: 'box' }
  const call = { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'read', input }] }
  const { status } = await run(proxy, PATH, ask({ messages: [...messages, call] }))
  expect(status).toBe(200)
})
