import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { begin, creditsOf, eventsOf, run, send, setPrice } from './run.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
  await setPrice(proxy, 'speaker', { input: '15', output: '0', request: '0.001' })
})
afterAll(() => proxy.close())

const PATH = '/audio/speech'
const SAID = 'Hello there, how are you?'
const ask = (more: object = {}) => ({ model: 'sandbox-echo', input: SAID, voice: 'alloy', ...more })

test('audio passes byte for byte with its type, and costs its characters', async () => {
  const { status, headers, bytes, record, account } = await run(proxy, PATH, ask())
  expect(status).toBe(200)
  expect(headers.get('content-type')).toBe('audio/mpeg')
  expect(bytes).toEqual(Buffer.alloc(7 * 64, 0xaa))
  expect(record).toMatchObject({ outcome: 'completed', usage_source: 'estimated' })
  expect(record).toMatchObject({ prompt_tokens: 25, completion_tokens: 0, charged: creditsOf(25) })
  expect(account.held).toBe('0')
})

test('audio may have a price by the character and by the call', async () => {
  const { record } = await run(proxy, PATH, ask({ model: 'speaker' }))
  expect(record.charged).toBe('1.375') // 25 * 15 / 1,000,000 USD and 0.001 USD, 1,000 credits each
})

test('audio reaches the client as it comes', async () => {
  const { key } = await proxy.customer('100')
  const body = ask({ model: 'sandbox-hang-midstream' })
  const { response, requestId, until, leave } = await begin(proxy, key, PATH, body)
  await until('\xaa')
  expect(response.headers.get('content-length')).toBe(null)
  expect(proxy.sandbox.calls.get(requestId)).toMatchObject({ endedAt: null })
  leave()
})

test('a client that leaves in the middle of audio stops the upstream, and pays', async () => {
  const { key, accountId } = await proxy.customer('100')
  const body = ask({ model: 'sandbox-slow' })
  const { requestId, until, leave } = await begin(proxy, key, PATH, body)
  await until('\xaa')
  leave()
  const record = await proxy.settled(requestId)
  expect(record).toMatchObject({ outcome: 'client_gone', charged: creditsOf(25) })
  expect((await proxy.admin('GET', `/accounts/${accountId}`)).body.held).toBe('0')
  await eventually(() => proxy.sandbox.calls.get(requestId)?.closedByPeer || undefined)
})

test('audio that breaks off is no whole answer for the client, and is charged', async () => {
  const { key } = await proxy.customer('100')
  const response = await send(proxy, key, PATH, ask({ model: 'sandbox-cut-midstream' }))
  expect(response.status).toBe(200)
  await expect(response.arrayBuffer()).rejects.toThrow()
  const record = await proxy.settled(response.headers.get('x-request-id') as string)
  expect(record).toMatchObject({ outcome: 'upstream_broken', charged: creditsOf(25) })
})

test.each([
  ['sandbox-empty-200', 'an empty body'],
  ['sandbox-html-200', 'not audio'],
])('%s is a 502, and free', async (model, cause) => {
  const { status, text, record } = await run(proxy, PATH, ask({ model }))
  expect(status).toBe(502)
  expect(JSON.parse(text)).toMatchObject({ error: { code: 'upstream_error' } })
  expect(record).toMatchObject({ outcome: 'upstream_error', charged: '0' })
  expect(JSON.stringify(record.error)).toContain(cause)
})

test('a stream of speech is charged as it reported, and ends with the usage', async () => {
  const { text, record } = await run(proxy, PATH, ask({ stream_format: 'sse' }))
  const events = eventsOf(text)
  expect(events.at(-1)).toMatchObject({
    name: 'speech.audio.done',
    data: { usage: { input_tokens: 25, output_tokens: 7 } },
  })
  const audio = events.map(({ data }) => Buffer.from(data.audio ?? '', 'base64'))
  expect(Buffer.concat(audio)).toHaveLength(7 * 64)
  expect(record).toMatchObject({ stream: true, usage_source: 'reported', charged: creditsOf(32) })
})

test('a stream of speech without usage costs its characters', async () => {
  const body = ask({ model: 'sandbox-no-usage', stream_format: 'sse' })
  const { record } = await run(proxy, PATH, body)
  expect(record).toMatchObject({ usage_source: 'estimated', charged: creditsOf(25) })
})
