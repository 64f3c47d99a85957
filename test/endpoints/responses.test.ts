import { OpenAI } from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { events as answerEvents, startUpstream } from '../failures/scripted-upstream.ts'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { begin, creditsOf, eventsOf, run } from './run.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
})
afterAll(() => proxy.close())

const PATH = '/responses'
const ask = (more: object = {}) => ({ model: 'sandbox-echo', input: 'Hello, upstream', ...more })
const asStream = (model: string, more: object = {}) => ask({ model, stream: true, ...more })
const textOf = (text: string) =>
  eventsOf(text)
    .map(({ data }) => data.delta ?? '')
    .join('')

test('a response passes as the upstream sent it, and is charged as it reported', async () => {
  const { text, record, account } = await run(proxy, PATH, ask())
  expect(JSON.parse(text)).toMatchObject({
    object: 'response',
    status: 'completed',
    output: [{ content: [{ text: 'Hello, upstream' }] }],
    usage: { input_tokens: 4, output_tokens: 4 },
  })
  expect(record).toMatchObject({ usage_source: 'reported', charged: creditsOf(8) })
  expect(account).toMatchObject({ posted: '999.92', held: '0' })
})

test('every event of a stream has its name, which its data repeat, and the last one ends it', async () => {
  const { text, record } = await run(proxy, PATH, asStream('sandbox-echo'))
  const events = eventsOf(text)
  for (const { name, data } of events) expect(data.type).toBe(name)
  expect(events.map(({ data }) => data.sequence_number)).toEqual(events.map((_, at) => at))
  expect(events[0]?.name).toBe('response.created')
  expect(events.at(-1)?.name).toBe('response.completed')
  expect(text).not.toContain('[DONE]')
  expect(textOf(text)).toBe('Hello, upstream')
  expect(record).toMatchObject({ outcome: 'completed', usage_source: 'reported' })
  expect(record).toMatchObject({ charged: creditsOf(8), completion_length: 15 })
})

test('a stream of the upstream passes byte for byte', async () => {
  const { text } = await run(proxy, PATH, asStream('sandbox-echo'))
  const direct = await fetch(`${proxy.sandbox.url}${PATH}`, {
    method: 'POST',
    body: JSON.stringify(asStream('sandbox-echo')),
  })
  const neutral = (one: string) => one.replace(/resp_[\w-]+|"created_at":\d+/g, '…')
  expect(neutral(text)).toBe(neutral(await direct.text()))
})

test.each(['sandbox-crlf', 'sandbox-cr', 'sandbox-noise', 'sandbox-fragments'])(
  'a stream in another framing leaves in the one that clients read: %s',
  async (model) => {
    const { text } = await run(proxy, PATH, asStream(model))
    expect(text).toMatch(/^(event: [\w.]+\ndata: [^\n\r]+\n\n)+$/)
    expect(textOf(text)).toBe('Hello, upstream')
  },
)

test('a response that reaches its limit is complete for the client that set it', async () => {
  const { text, record } = await run(
    proxy,
    PATH,
    asStream('sandbox-echo', { max_output_tokens: 2 }),
  )
  expect(eventsOf(text).at(-1)?.name).toBe('response.incomplete')
  expect(record).toMatchObject({ outcome: 'completed', completion_tokens: 2 })
})

test('the limit of a response is lowered to what the balance covers', async () => {
  const body = ask({ max_output_tokens: 100_000 })
  const { status, headers, truth } = await run(proxy, PATH, body, '5')
  expect(status).toBe(200)
  const sent = JSON.parse(truth?.body ?? '')
  expect(sent.max_output_tokens).toBeLessThan(500)
  expect(headers.get('x-tollkeeper-max-tokens')).toBe(String(sent.max_output_tokens))
})

test('reasoning is charged as it was reported, seen or not', async () => {
  for (const stream of [true, false]) {
    const { record } = await run(proxy, PATH, ask({ model: 'sandbox-reasoning', stream }))
    expect(record).toMatchObject({ reasoning_tokens: 74, charged: creditsOf(4 + 14 + 64) })
  }
})

test.each([true, false])(
  'without usage a response is charged its text (stream: %j)',
  async (stream) => {
    for (const model of ['sandbox-no-usage', 'sandbox-usage-null', 'sandbox-usage-zero']) {
      const { record } = await run(proxy, PATH, ask({ model, stream }))
      expect(record).toMatchObject({ usage_source: 'estimated', charged: creditsOf(8) })
    }
  },
)

test('a stream that breaks off ends with an error in the form that every client reads', async () => {
  const { text, record } = await run(proxy, PATH, asStream('sandbox-cut-midstream'))
  const last = eventsOf(text).at(-1)
  expect(last?.name).toBe('error')
  expect(last?.data).toEqual({
    type: 'error',
    code: 'upstream_error',
    message: expect.any(String),
    param: null,
    sequence_number: 7,
    error: {
      type: 'server_error',
      code: 'upstream_error',
      message: last?.data.message,
      param: null,
    },
  })
  expect(record).toMatchObject({ outcome: 'upstream_broken', charged: creditsOf(4 + 3) })
})

test('a stream that ends without its last event is broken off', async () => {
  const { text, record } = await run(proxy, PATH, asStream('sandbox-end-without-finish'))
  expect(eventsOf(text).at(-1)?.data).toMatchObject({ type: 'error', code: 'upstream_incomplete' })
  expect(record).toMatchObject({ outcome: 'upstream_broken', charged: creditsOf(4 + 3) })
})

test('an error of the upstream in its stream is told once', async () => {
  const { text, record } = await run(proxy, PATH, asStream('sandbox-error-midstream'))
  const errors = eventsOf(text).filter(({ name }) => name === 'error')
  expect(errors).toHaveLength(1)
  expect(errors[0]?.data.error.message).toContain('failed in the middle')
  expect(record).toMatchObject({ outcome: 'upstream_broken', charged: creditsOf(4 + 3) })
})

test('a response that says it has failed is passed on, and on record as failed', async () => {
  const { text, record } = await run(proxy, PATH, asStream('sandbox-failed'))
  const last = eventsOf(text).at(-1)
  expect(last).toMatchObject({ name: 'response.failed', data: { response: { status: 'failed' } } })
  expect(record).toMatchObject({ outcome: 'upstream_broken', charged: creditsOf(4 + 3) })
})

test('a stream that fails before it has said anything costs nothing', async () => {
  const response = { id: 'resp_1', error: { message: 'No.' } }
  const events = ['created', 'in_progress', 'failed'].map((status) => ({
    type: `response.${status}`,
    response: { ...response, status },
  }))
  const upstream = await startUpstream(answerEvents(...events.map((one) => JSON.stringify(one))))
  const scripted = await startProxy({ env: { OPENAI_BASE_URL: upstream.url } })
  const { text, record } = await run(scripted, PATH, asStream('any'))
  expect(eventsOf(text).map(({ name }) => name)).toEqual(events.map(({ type }) => type))
  expect(record).toMatchObject({ outcome: 'upstream_broken', charged: '0', usage_source: null })
  await scripted.close()
  await upstream.close()
})

test('the upstream is left when it keeps its socket open after the last event', async () => {
  const { text, requestId } = await run(proxy, PATH, asStream('sandbox-hang-after-done'))
  expect(eventsOf(text).at(-1)?.name).toBe('response.completed')
  await eventually(() => proxy.sandbox.calls.get(requestId)?.closedByPeer || undefined)
})

test('a client that leaves a stream of a response pays for what was said', async () => {
  const { key } = await proxy.customer('100')
  const { until, leave, requestId } = await begin(
    proxy,
    key,
    PATH,
    asStream('sandbox-hang-midstream'),
  )
  await until('"pstr"')
  leave()
  expect(await proxy.settled(requestId)).toMatchObject({
    outcome: 'client_gone',
    charged: creditsOf(4 + 3),
  })
})

test('credits that run out in a stream end it with the error, and are all taken', async () => {
  const body = asStream('sandbox-echo', { sandbox: { reply_chars: 20_000 } })
  const { text, record, account } = await run(proxy, PATH, body, '42')
  const last = eventsOf(text).at(-1)
  expect(last?.data).toMatchObject({ type: 'error', code: 'insufficient_quota' })
  expect(record).toMatchObject({ outcome: 'out_of_credits', uncollected: '0' })
  expect(account.held).toBe('0')
})

test('what SDKs read of a stream is whole: text, tool calls and usage', async () => {
  const { key } = await proxy.customer('100')
  const client = new OpenAI({ baseURL: proxy.url, apiKey: key })
  const said = await client.responses
    .stream({ model: 'sandbox-echo', input: 'Hello there' })
    .finalResponse()
  expect(said.output_text).toBe('Hello there')
  expect(said.usage).toMatchObject({ input_tokens: 3, output_tokens: 3 })
  const called = await client.responses
    .stream({ model: 'sandbox-tool-call', input: 'Where?' })
    .finalResponse()
  expect(called.output[0]).toMatchObject({ type: 'function_call', name: 'look_up_city' })
  const broken = client.responses.stream({ model: 'sandbox-cut-midstream', input: 'Hi' })
  await expect(broken.finalResponse()).rejects.toMatchObject({ code: 'upstream_error' })
})
