import type { ServerResponse } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  type Customer,
  eventually,
  startProxy,
  type Proxy as Tollkeeper,
} from '../harness/proxy.ts'
import { ASK_STREAM, watch } from './client.ts'
import { DONE, event, openStream, opens, says, startUpstream, type Upstream } from './upstream.ts'

let upstream: Upstream
let answers: ServerResponse[] = []
beforeAll(async () => {
  upstream = await startUpstream((response) => answers.push(response))
})
afterAll(() => upstream.close())
afterEach(() => {
  answers = []
})

/** The answer the upstream is to give next. */
const nextAnswer = () => eventually(() => answers.pop())

/** Resolves when the proxy has had the time to act on what it was sent. */
async function roundTrip(proxy: Tollkeeper): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await fetch(`${proxy.origin}/healthz`)
}

async function start(commitMs: string): Promise<{ proxy: Tollkeeper; customer: Customer }> {
  const env = { OPENAI_BASE_URL: upstream.origin, STREAM_COMMIT_MS: commitMs }
  const proxy = await startProxy({ env })
  return { proxy, customer: await proxy.customer('1000') }
}

describe('with no commit in silence', () => {
  let proxy: Tollkeeper
  let customer: Customer
  beforeAll(async () => {
    const started = await start('0')
    proxy = started.proxy
    customer = started.customer
  })
  afterAll(() => proxy.close())

  const begin = () => watch(proxy, customer.key, ASK_STREAM)

  test('the head of a stream waits for the first event that is worth it', async () => {
    const client = begin()
    const answer = openStream(await nextAnswer())
    for (const early of [': processing\n\n', 'event: ping\n\n', 'data:\n\n', 'data: {"id":"c']) {
      answer.write(early)
      await roundTrip(proxy)
      expect(client.head()).toBe(null)
    }
    answer.write(`hatcmpl","choices":[{"index":0,"delta":{"content":"x"}}]}\n\n`)
    await client.until('"content":"x"')
    expect(client.head()?.statusCode).toBe(200)
    answer.end(says('', 'stop') + DONE)
    await client.end()
  })

  test('a usage chunk that nobody asked for does not write the head', async () => {
    const client = begin()
    const answer = openStream(await nextAnswer())
    answer.write(event({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 0 } }))
    await roundTrip(proxy)
    expect(client.head()).toBe(null)
    answer.end(event({ error: { message: 'out of memory', code: 'oom' } }))
    await client.end()
    expect(client.head()?.statusCode).toBe(502)
  })

  test.each([
    [{ message: 'too long', code: 400 }, 400, 'upstream_rejected', 'too long'],
    [{ message: 'slow down', code: 429 }, 429, 'rate_limit_exceeded', 'slow down'],
    [{ message: 'broken', type: 'server_error' }, 502, 'upstream_error', 'broken'],
    ['broken', 502, 'upstream_error', 'broken'],
  ])(
    'an error as the first event has its true status: %j',
    async (error, status, code, message) => {
      const client = begin()
      openStream(await nextAnswer()).end(event({ error }))
      await client.end()
      expect(client.head()?.statusCode).toBe(status)
      expect(client.head()?.headers['content-type']).toMatch(/^application\/json/)
      expect(JSON.parse(client.body()).error).toMatchObject({ code, message })
    },
  )

  test('an error after a first chunk is an event, without [DONE]', async () => {
    const client = begin()
    openStream(await nextAnswer()).end(opens('x') + event({ error: { message: 'broken' } }) + DONE)
    await client.end()
    expect(client.head()?.statusCode).toBe(200)
    const [first, last, ...rest] = client.body().split('\n\n')
    expect(`${first}\n\n`).toBe(opens('x'))
    expect(JSON.parse((last as string).replace(/^data: /, ''))).toEqual({
      error: { message: 'broken', type: 'server_error', param: null, code: 'upstream_error' },
    })
    expect(rest).toEqual([''])
  })
})

describe('with a commit in silence', () => {
  let proxy: Tollkeeper
  let customer: Customer
  beforeAll(async () => {
    const started = await start('50')
    proxy = started.proxy
    customer = started.customer
  })
  afterAll(() => proxy.close())

  const begin = () => watch(proxy, customer.key, ASK_STREAM)

  test('the head and a comment are written, and the stream goes on', async () => {
    const client = begin()
    const answer = openStream(await nextAnswer())
    await client.until(': keep-alive\n\n')
    expect(client.head()?.statusCode).toBe(200)
    expect(client.head()?.headers['content-type']).toBe('text/event-stream; charset=utf-8')
    answer.end(opens('x') + says('', 'stop') + DONE)
    await client.end()
    expect(client.body()).toBe(`: keep-alive\n\n${opens('x')}${says('', 'stop')}${DONE}`)
  })

  test('an error after it is an event', async () => {
    const client = begin()
    const answer = openStream(await nextAnswer())
    await client.until(': keep-alive\n\n')
    answer.end(event({ error: { message: 'broken' } }))
    await client.end()
    expect(client.body()).toMatch(
      /^: keep-alive\n\ndata: \{"error":\{"message":"broken".*\}\}\n\n$/,
    )
  })

  test('nothing is written while the upstream has not sent its own head', async () => {
    const client = begin()
    const answer = await nextAnswer()
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(client.head()).toBe(null)
    answer.writeHead(503, { 'content-type': 'application/json' }).end('{}')
    await client.end()
    expect(client.head()?.statusCode).toBe(502)
  })

  test('a stream that began in time has no comment', async () => {
    const client = begin()
    const answer = openStream(await nextAnswer())
    answer.write(opens('x'))
    await client.until('"x"')
    await new Promise((resolve) => setTimeout(resolve, 200))
    answer.end(says('', 'stop') + DONE)
    await client.end()
    expect(client.body()).not.toContain('keep-alive')
  })
})
