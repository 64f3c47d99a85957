import { OpenAI } from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { begin, creditsOf, eventsOf, run, send, setPrice } from './run.ts'
import { form, SOUND } from './samples.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
  await setPrice(proxy, 'listener', { input: '10', output: '0' })
})
afterAll(() => proxy.close())

const PATH = '/audio/transcriptions'
const SAID = 'Hello, upstream'
const ask = (more: object = {}) =>
  form({ file: SOUND, model: 'sandbox-echo', prompt: SAID, ...more })

/** The sandbox counts 2 tokens of SOUND, and 4 of what is said. */
const REPORTED = 2 + 4

test('a transcript passes as the upstream sent it, and is charged as it reported', async () => {
  const { text, headers, record, account } = await run(proxy, PATH, ask())
  expect(JSON.parse(text)).toMatchObject({ text: SAID, usage: { input_tokens: 2 } })
  expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
  expect(record).toMatchObject({ usage_source: 'reported', charged: creditsOf(REPORTED) })
  expect(account.held).toBe('0')
})

test('the form reaches the upstream byte for byte, with its boundary', async () => {
  const { key } = await proxy.customer('100')
  const body = Buffer.from(await new Response(ask()).arrayBuffer())
  const boundary = body.toString('latin1').slice(2, body.indexOf('\r\n'))
  const type = `multipart/form-data; charset=x; boundary="${boundary}"`
  const headers = { authorization: `Bearer ${key}`, 'content-type': type }
  const response = await send(proxy, key, PATH, '', { headers, body })
  expect(response.status).toBe(200)
  const truth = proxy.sandbox.calls.get(response.headers.get('x-request-id') as string)
  expect(truth?.body).toBe(body.toString('latin1'))
  expect(truth?.headers['content-type']).toBe(type)
})

test('a stream of a transcript ends with its text and its usage', async () => {
  const { text, record } = await run(proxy, PATH, ask({ stream: true }))
  const events = eventsOf(text)
  expect(events.map(({ data }) => data.delta ?? '').join('')).toBe(SAID)
  expect(events.at(-1)).toMatchObject({
    name: 'transcript.text.done',
    data: { text: SAID, usage: { input_tokens: 2, output_tokens: 4 } },
  })
  expect(record).toMatchObject({ stream: true, charged: creditsOf(REPORTED) })
})

test.each([
  ['text', 'text/plain; charset=utf-8', `${SAID}\n`],
  ['srt', 'text/plain; charset=utf-8', `${SAID}\n`],
])('a transcript as %s keeps its type, and costs its text', async (format, type, expected) => {
  const { text, headers, record } = await run(proxy, PATH, ask({ response_format: format }))
  expect(text).toBe(expected)
  expect(headers.get('content-type')).toBe(type)
  expect(record).toMatchObject({ usage_source: 'estimated', charged: creditsOf(4 + 4) })
})

test('a page instead of a text is an error', async () => {
  const body = ask({ model: 'sandbox-html-200', response_format: 'text' })
  const { status, record } = await run(proxy, PATH, body)
  expect(status).toBe(502)
  expect(record).toMatchObject({ outcome: 'upstream_error', charged: '0' })
})

test.each([true, false])(
  'without usage a transcript costs its text (stream: %j)',
  async (stream) => {
    const { record } = await run(proxy, PATH, ask({ model: 'sandbox-no-usage', stream }))
    expect(record).toMatchObject({ usage_source: 'estimated', charged: creditsOf(4 + 4) })
  },
)

test('a second that is reported is ten tokens of input', async () => {
  const usage = { type: 'duration', seconds: 12.34 }
  const { record } = await run(proxy, PATH, ask({ model: 'listener', sandbox: { usage } }))
  expect(record).toMatchObject({ usage_source: 'reported', prompt_tokens: 124 })
  expect(record.charged).toBe('1.24') // 124 * 10 / 1,000,000 USD, 1,000 credits each
  const verbose = ask({ model: 'listener', response_format: 'verbose_json' })
  expect((await run(proxy, PATH, verbose)).record).toMatchObject({
    usage_source: 'reported',
    prompt_tokens: 2,
  })
})

test('a hold covers what the file has room for, and what is in it', async () => {
  const file = new File([Buffer.alloc(64_000)], 'a.wav')
  const { record } = await run(proxy, PATH, ask({ file }))
  expect(Number(record.hold)).toBeGreaterThan(20)
  expect(Number(record.hold)).toBeLessThan(30)
})

test('a stream that breaks off ends with an error, and costs its text', async () => {
  const { text, record } = await run(
    proxy,
    PATH,
    ask({ model: 'sandbox-cut-midstream', stream: true }),
  )
  expect(eventsOf(text).at(-1)).toMatchObject({ name: 'error', data: { code: 'upstream_error' } })
  expect(record).toMatchObject({ outcome: 'upstream_broken', charged: creditsOf(4 + 3) })
})

test('a client that leaves a stream of a transcript pays for its text', async () => {
  const { key } = await proxy.customer('100')
  const body = ask({ model: 'sandbox-hang-midstream', stream: true })
  const { until, leave, requestId } = await begin(proxy, key, PATH, body)
  await until('"pstr"')
  leave()
  const expected = { outcome: 'client_gone', charged: creditsOf(4 + 3) }
  expect(await proxy.settled(requestId)).toMatchObject(expected)
  await eventually(() => proxy.sandbox.calls.get(requestId)?.closedByPeer || undefined)
})

test('an SDK sends its file, and reads text and events', async () => {
  const { key } = await proxy.customer('100')
  const { audio } = new OpenAI({ baseURL: proxy.url, apiKey: key })
  const params = { model: 'sandbox-echo', prompt: SAID, file: SOUND }
  expect(await audio.transcriptions.create(params)).toMatchObject({ text: SAID })
  expect(await audio.translations.create(params)).toMatchObject({ text: SAID })
  const plain = await audio.transcriptions.create({ ...params, response_format: 'text' })
  expect(plain).toBe(`${SAID}\n`)
  const stream = await audio.transcriptions.create({ ...params, stream: true })
  const types: string[] = []
  for await (const event of stream) types.push(event.type)
  expect(types.at(-1)).toBe('transcript.text.done')
})

test.each([
  [{ model: undefined }, 'model', 'missing_required_parameter'],
  [{ model: ['a', 'b'] }, 'model', 'invalid_value'],
  [{ model: SOUND }, 'model', 'invalid_value'],
  [{ file: undefined }, 'file', 'missing_required_parameter'],
  [{ file: 'text' }, 'file', 'missing_required_parameter'],
  [{ stream: 'yes' }, 'stream', 'invalid_value'],
  [{ response_format: ['json', 'text'] }, 'response_format', 'invalid_value'],
])('%j is a 400 that names the part', async (parts, param, code) => {
  const { status, text, truth } = await run(proxy, PATH, ask(parts))
  expect(status, text).toBe(400)
  expect(JSON.parse(text)).toMatchObject({ error: { param, code } })
  expect(truth).toBeUndefined()
})

test('a file that is larger than 25 MiB is a 413', async () => {
  const { key } = await proxy.customer('100')
  const file = new File([Buffer.alloc(26_214_400 + 65_536)], 'a.wav')
  const response = await send(proxy, key, PATH, ask({ file }))
  expect(response.status).toBe(413)
  expect(await response.json()).toMatchObject({ error: { code: 'request_too_large' } })
})
