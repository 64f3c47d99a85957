import type { ServerResponse } from 'node:http'
import type { Transform } from 'node:stream'
import {
  constants,
  createBrotliCompress,
  createDeflate,
  createDeflateRaw,
  createGzip,
  createZstdCompress,
} from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Customer,
  eventually,
  startProxy,
  type Proxy as Tollkeeper,
} from '../harness/proxy.ts'
import { ASK, ASK_STREAM, ask, watch } from './client.ts'
import { DONE, opens, says, startUpstream, type Upstream, USAGE, USAGE_EVENT } from './upstream.ts'

/** Named by the coding; deflate comes with its wrapper, and without. */
type Encoder = Transform & { flush(done: () => void): void }
const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }
const CODINGS: [name: string, create: () => Encoder][] = [
  ['gzip', createGzip],
  ['deflate', createDeflate],
  ['Deflate', createDeflateRaw],
  ['br', () => createBrotliCompress(quality)],
  ['zstd', createZstdCompress],
]

let answer: (response: ServerResponse) => void
let upstream: Upstream
let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  upstream = await startUpstream((response) => answer(response))
  proxy = await startProxy({ env: { OPENAI_BASE_URL: upstream.origin } })
  customer = await proxy.customer('100000000')
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

const WHOLE = {
  object: 'chat.completion',
  model: 'm',
  choices: [
    { index: 0, message: { role: 'assistant', content: '€ Hello' }, finish_reason: 'stop' },
  ],
  usage: USAGE,
}

/** Answers with a type and a coding; what is written to the encoder is what is meant. */
function encode(response: ServerResponse, type: string, coding: string, encoder: Encoder): Encoder {
  response.writeHead(200, { 'content-type': type, 'content-encoding': coding })
  encoder.pipe(response)
  return encoder
}

test.each(CODINGS)('a stream in %s arrives decoded, each event as it comes', async (coding, by) => {
  const encoder = by()
  answer = (response) => {
    encode(response, 'text/event-stream', coding, encoder).write(says('€ 1'))
    encoder.flush(() => {})
  }
  const client = watch(proxy, customer.key, ASK_STREAM)
  await client.until('€ 1')
  encoder.write(says('2'))
  encoder.flush(() => {})
  await client.until('"2"')
  encoder.end(says('', 'stop') + USAGE_EVENT + DONE)
  await client.end()
  expect(client.body()).toBe(opens('€ 1') + says('2') + says('', 'stop') + DONE)
  expect(client.head()?.headers).not.toHaveProperty('content-encoding')
})

test.each(CODINGS)('an answer in one piece in %s arrives decoded', async (coding, by) => {
  const body = JSON.stringify(WHOLE)
  answer = (response) => encode(response, 'application/json', coding, by()).end(body)
  const { status, headers, text } = await ask(proxy, customer.key, ASK)
  expect(status).toBe(200)
  expect(headers.has('content-encoding')).toBe(false)
  expect(text).toBe(body)
})

test('what a large stream becomes is read no faster than the client reads it', async () => {
  answer = (response) => {
    const encoder = encode(response, 'text/event-stream', 'gzip', createGzip())
    for (let at = 0; at < 400; at += 1) encoder.write(says('x'.repeat(100_000)))
    encoder.end(says('', 'stop') + USAGE_EVENT + DONE)
  }
  const { text } = await ask(proxy, customer.key, { ...ASK_STREAM, max_tokens: 40_000_000 })
  expect(text.length).toBeGreaterThan(40_000_000)
  expect(text.endsWith(DONE)).toBe(true)
})

test('a refusal in gzip keeps its message', async () => {
  answer = (response) => {
    response.writeHead(400, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
    const encoder = createGzip()
    encoder.pipe(response)
    encoder.end('{"error":{"message":"Too many apples."}}')
  }
  const { status, text } = await ask(proxy, customer.key, ASK)
  expect(status).toBe(400)
  expect(JSON.parse(text).error.message).toBe('Too many apples.')
})

test.each(['gzip', 'deflate', 'zstd'])(
  'an answer that is in %s by its head alone is read as it is',
  async (coding) => {
    for (const [body, type, sent] of [
      [ASK, 'application/json', JSON.stringify(WHOLE)],
      [ASK_STREAM, 'text/event-stream', STREAM],
    ] as const) {
      answer = (response) => {
        response.writeHead(200, { 'content-type': type, 'content-encoding': coding })
        response.write(sent.slice(0, 1), () => setTimeout(() => response.end(sent.slice(1)), 20))
      }
      const { status, headers, text } = await ask(proxy, customer.key, body)
      expect(status).toBe(200)
      expect(headers.has('content-encoding')).toBe(false)
      expect(text).toContain('Hello')
    }
  },
)

const GZIP_MARK = Buffer.from([0x1f, 0x8b])

test.each([
  ['an answer that is not in its coding', 'gzip'],
  ['an answer in an unknown coding', 'compress'],
  ['an answer that tells its coding twice', ['gzip', 'gzip']],
])('%s is a 502, and is asked for once', async (_, coding) => {
  for (const body of [ASK, ASK_STREAM]) {
    const before = upstream.seen.length
    answer = (response) => {
      const type = body === ASK ? 'application/json' : 'text/event-stream'
      response.setHeader('content-encoding', coding).setHeader('content-type', type)
      response.end(Buffer.concat([GZIP_MARK, Buffer.from(JSON.stringify(WHOLE))]))
    }
    const { status, text } = await ask(proxy, customer.key, body)
    expect(status).toBe(502)
    expect(JSON.parse(text)).toMatchObject({ error: { code: 'upstream_error' } })
    expect(upstream.seen.length).toBe(before + 1)
  }
  await eventually(() => proxy.app.door.size === 0 || undefined)
})

test('a client that leaves in a stream in gzip stops the upstream', async () => {
  const encoder = createGzip()
  answer = (response) => {
    encode(response, 'text/event-stream', 'gzip', encoder).write(says('1'))
    encoder.flush(() => {})
  }
  const client = watch(proxy, customer.key, ASK_STREAM)
  await client.until('"1"')
  client.hangUp()
  await eventually(() => upstream.seen.at(-1)?.gone || undefined)
})

const STREAM = says('Hello') + says('', 'stop') + USAGE_EVENT + DONE
test.each([
  ['no type', {}],
  ['text/plain', { 'content-type': 'text/plain; charset=utf-8' }],
  ['application/json', { 'content-type': 'application/json' }],
])('a stream that is sent with %s is read as one', async (_, headers) => {
  answer = (response) => {
    response.writeHead(200, headers)
    response.write(STREAM.slice(0, 3), () => setTimeout(() => response.end(STREAM.slice(3)), 20))
  }
  const received = await ask(proxy, customer.key, ASK_STREAM)
  expect(received.status).toBe(200)
  expect(received.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  expect(received.text).toBe(opens('Hello') + says('', 'stop') + DONE)
})

test('a byte order mark before an answer in one piece is no part of it', async () => {
  const body = `\u{feff}${JSON.stringify(WHOLE)}`
  answer = (response) => response.setHeader('content-type', 'application/json').end(body)
  const whole = await ask(proxy, customer.key, ASK)
  expect(whole.status).toBe(200)
  expect(JSON.parse(whole.text)).toEqual(WHOLE)
  const stream = await ask(proxy, customer.key, ASK_STREAM)
  expect(stream.text).toContain('€ Hello')
})

test('an answer in one piece that is sent as text/plain is read as JSON', async () => {
  answer = (response) => {
    response.writeHead(200, { 'content-type': 'text/plain' }).end(JSON.stringify(WHOLE))
  }
  const whole = await ask(proxy, customer.key, ASK)
  expect(whole.status).toBe(200)
  expect(whole.headers.get('content-type')).toBe('application/json; charset=utf-8')
  const stream = await ask(proxy, customer.key, ASK_STREAM)
  expect(stream.text).toContain('chat.completion.chunk')
})

test.each(['dat', 'data', ': comment only', '{"error":{"message":"No."}}', ''])(
  'a stream without a type that is only "%s" is a 502',
  async (body) => {
    answer = (response) => response.writeHead(200).end(body)
    const { status } = await ask(proxy, customer.key, ASK_STREAM)
    expect(status).toBe(502)
  },
)
