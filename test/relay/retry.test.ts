import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { freePort } from '../harness/free-port.ts'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ASK, ASK_STREAM, ask } from './client.ts'
import { DONE, says, USAGE } from './upstream.ts'

/** What the upstream does with the n-th request, of all connections. */
let plan: ('answer' | 'reset' | 'begin and reset' | 'hang' | { garbage: string })[]
let requests: number
let connections: number
let server: Server
let env: Record<string, string>
let proxy: Tollkeeper
let customer: Customer

const BODY = JSON.stringify({
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
  usage: USAGE,
})
const WHOLE = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`
const BEGUN = `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n${says('Hi')}`

function serve(socket: Socket): void {
  connections += 1
  let received = ''
  socket.on('error', () => {})
  socket.on('data', (bytes) => {
    received += bytes
    if (!received.endsWith('}')) return
    received = ''
    const step = plan[requests] ?? 'answer'
    requests += 1
    if (step === 'answer') socket.write(WHOLE)
    else if (step === 'reset') socket.resetAndDestroy()
    else if (step === 'hang') return
    else if (typeof step === 'object') socket.end(step.garbage)
    else socket.write(BEGUN, () => setTimeout(() => socket.resetAndDestroy(), 20))
  })
}

beforeEach(async () => {
  plan = []
  requests = 0
  connections = 0
  server = createServer(serve)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  env = { OPENAI_BASE_URL: `http://127.0.0.1:${port}` }
  proxy = await startProxy({ env })
  customer = await proxy.customer('1000')
})
afterEach(async () => {
  await proxy.close()
  server.close()
})

async function send(body: object, through = proxy) {
  const { status, text, headers } = await ask(through, customer.key, body)
  const record = await through.settled(headers.get('x-request-id') as string)
  const attempts = record.attempts.map((one: { status: number | null }) => one.status)
  return { status, text, attempts, outcome: record.outcome, charged: record.charged }
}

test('a request whose idle connection is reset under it is sent again, once', async () => {
  plan = ['answer', 'reset', 'answer']
  expect((await send(ASK)).status).toBe(200)
  const { status, attempts, outcome } = await send(ASK)
  expect({ status, attempts, outcome }).toEqual({
    status: 200,
    attempts: [null, 200],
    outcome: 'completed',
  })
  expect({ requests, connections }).toEqual({ requests: 3, connections: 2 })
})

test('a request whose new connection is reset may have run, and is not sent again', async () => {
  plan = ['reset']
  const { status, attempts, charged } = await send(ASK)
  expect({ status, attempts, charged }).toEqual({ status: 502, attempts: [null], charged: '0' })
  expect(requests).toBe(1)
})

test('a request is sent again no more than once', async () => {
  plan = ['answer', 'reset', 'reset', 'answer']
  await send(ASK)
  const { status, attempts } = await send(ASK)
  expect({ status, attempts }).toEqual({ status: 502, attempts: [null, null] })
  expect(requests).toBe(3)
})

test('a request whose answer has begun is not sent again', async () => {
  plan = ['answer', 'begin and reset']
  await send(ASK)
  const { text, attempts } = await send(ASK_STREAM)
  expect(text).not.toContain(DONE)
  expect(attempts).toEqual([200])
  expect(requests).toBe(2)
})

test('a request that an idle connection has taken, and that times out, is not sent again', async () => {
  plan = ['answer', 'hang', 'answer']
  const { databaseUrl, sandbox } = proxy
  const little = { ...env, UPSTREAM_FIRST_BYTE_TIMEOUT_MS: '2000' }
  const impatient = await startProxy({ env: little, databaseUrl, sandbox })
  await send(ASK, impatient)
  const { status, attempts, outcome } = await send(ASK, impatient)
  await impatient.close()
  expect({ status, attempts, outcome }).toEqual({
    status: 504,
    attempts: [null],
    outcome: 'timed_out',
  })
  expect(requests).toBe(2)
})

test.each([
  ['is not HTTP', 'NOT HTTP AT ALL\r\n\r\n'],
  ['has too large a head', `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(40_000)}\r\n\r\n`],
  ['breaks off in its head', 'HTTP/1.1 200 OK\r\ncontent-ty'],
])('a request whose answer %s is not sent again', async (_what, garbage) => {
  plan = ['answer', { garbage }, 'answer']
  await send(ASK)
  const { status, attempts } = await send(ASK)
  expect({ status, attempts }).toEqual({ status: 502, attempts: [null] })
  expect(requests).toBe(2)
})

test('a request that finds no connection is tried twice, and both tries are on record', async () => {
  const { databaseUrl, sandbox } = proxy
  const nobody = { OPENAI_BASE_URL: `http://127.0.0.1:${await freePort()}` }
  const lonely = await startProxy({ env: nobody, databaseUrl, sandbox })
  const { status, attempts, outcome, charged } = await send(ASK, lonely)
  await lonely.close()
  expect({ status, attempts, outcome, charged }).toEqual({
    status: 502,
    attempts: [null, null],
    outcome: 'upstream_error',
    charged: '0',
  })
})
