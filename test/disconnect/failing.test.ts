import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import {
  type Customer,
  eventually,
  startProxy,
  type Proxy as Tollkeeper,
} from '../harness/proxy.ts'
import { ASK, ASK_STREAM, watch } from '../relay/client.ts'
import { openStream, opens, startUpstream, type Upstream } from '../relay/upstream.ts'
import { LOOPBACK } from '../routing/setup.ts'
import { putPolicy, readOn } from './setup.ts'

let upstream: Upstream
let proxy: Tollkeeper
let customer: Customer
let answer: (response: ServerResponse) => void
beforeAll(async () => {
  upstream = await startUpstream((response) => answer(response))
  proxy = await startProxy({ env: LOOPBACK })
  await putPolicy(proxy, 'any', { on_disconnect: 'finish' }, 'any', upstream.origin)
})
beforeEach(async () => {
  upstream.seen.length = 0
  customer = await proxy.customer('1000')
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

const JSON_HEAD = { 'content-type': 'application/json' }
const MESSAGE = {
  index: 0,
  message: { role: 'assistant', content: 'Hello' },
  finish_reason: 'stop',
}
const WHOLE = JSON.stringify({
  object: 'chat.completion',
  choices: [MESSAGE],
  usage: { prompt_tokens: 12, completion_tokens: 34 },
})

/** Leaves when the upstream has begun its answer, and lets it go on from there. */
async function leave(body: object, begin: typeof answer, goOn: typeof answer) {
  let response: ServerResponse | undefined
  answer = (one) => {
    response = one
    begin(one)
  }
  const client = watch(proxy, customer.key, body)
  const seen = await eventually(() => upstream.seen[0])
  const id = seen.headers['x-request-id'] as string
  if (body === ASK_STREAM && response?.headersSent) await client.until('Hello')
  client.hangUp()
  await readOn(proxy, id)
  expect(seen.gone).toBe(false)
  goOn(response as ServerResponse)
  return proxy.settled(id)
}

const nothing = () => {}

test('half of an answer in one piece is read on to its end, and counts as memory until then', async () => {
  const begin = (response: ServerResponse) => {
    response.writeHead(200, JSON_HEAD).write(WHOLE.slice(0, 20))
  }
  const record = await leave(ASK, begin, async (response) => {
    response.write(WHOLE.slice(20, 40))
    await eventually(() => proxy.app.buffers.taken === 40 || undefined)
    response.end(WHOLE.slice(40))
  })
  expect(record).toMatchObject({ outcome: 'client_gone', status: 499, stage: 'ended' })
  expect(record).toMatchObject({ charged: '0.46', usage_source: 'reported' })
  expect(proxy.app.buffers.taken).toBe(0)
})

test('a refusal that comes when the client has gone costs nothing, and is not tried again', async () => {
  const refuse = (response: ServerResponse) => {
    response.writeHead(500, JSON_HEAD).end('{"error":{"message":"no"}}')
  }
  for (const body of [ASK, ASK_STREAM]) {
    upstream.seen.length = 0
    const record = await leave(body, nothing, refuse)
    expect(record).toMatchObject({ outcome: 'client_gone', status: 499, charged: '0' })
    expect(record).toMatchObject({ stage: 'finish', error: { code: 'upstream_error' } })
    expect(upstream.seen).toHaveLength(1)
  }
})

test('a connection that is lost when the client has gone is not tried again', async () => {
  const lose = (response: ServerResponse) => void response.destroy()
  const record = await leave(ASK_STREAM, nothing, lose)
  expect(record).toMatchObject({ outcome: 'client_gone', charged: '0', stage: 'finish' })
  expect(record.attempts).toHaveLength(1)
  expect(upstream.seen).toHaveLength(1)
})

test('a stream that breaks off when the client has gone is paid for what came', async () => {
  const begin = (response: ServerResponse) => void openStream(response).write(opens('Hello'))
  const record = await leave(ASK_STREAM, begin, (response) => void response.destroy())
  expect(record).toMatchObject({ outcome: 'client_gone', status: 200, stage: 'finish' })
  expect(record).toMatchObject({ usage_source: 'estimated', completion_tokens: 2 })
  expect(record.error.code).toMatch(/^upstream_/)
})

test('an answer that is no answer costs nothing', async () => {
  const page = (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')
  }
  const record = await leave(ASK, nothing, page)
  expect(record).toMatchObject({ outcome: 'client_gone', charged: '0', stage: 'finish' })
  expect(record.error.code).toBe('upstream_error')
})
