import { createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectErrorBody } from '../harness/error-answer.ts'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { expectBroken, readStream } from './expect-broken.ts'
import { ask, expectFailure, KINDS } from './expect-failure.ts'

/** Short where the upstream says nothing; long enough to read what it said just before. */
const SILENT = { UPSTREAM_FIRST_BYTE_TIMEOUT_MS: '300' }
const FALLS_SILENT = { UPSTREAM_IDLE_TIMEOUT_MS: '1500' }
const TIMED_OUT = { status: 504, code: 'upstream_timeout', outcome: 'timed_out' }

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy({ env: FALLS_SILENT })
})
afterAll(() => proxy.close())

test.each(KINDS)(
  'an upstream silent before its first byte fails %s with a 504',
  async (_, stream) => {
    const expected = { ...TIMED_OUT, type: 'server_error', cause: /UND_ERR_HEADERS_TIMEOUT/ }
    const { sandbox } = proxy
    const impatient = await startProxy({ sandbox, env: SILENT })
    await expectFailure(impatient, ask('sandbox-hang', stream), expected)
    await eventually(() => sandbox.open() === 0)
    await impatient.close()
  },
)

test('an upstream silent after the head of a stream fails it with a 504', async () => {
  const body = ask('sandbox-echo', true, { sandbox: { first_delay_ms: 60_000 } })
  await expectFailure(proxy, body, { ...TIMED_OUT, cause: /UND_ERR_BODY_TIMEOUT/ })
})

test('an upstream silent in the middle of a JSON answer fails it with a 504', async () => {
  const body = ask('sandbox-hang-midstream', false)
  await expectFailure(proxy, body, { ...TIMED_OUT, cause: /UND_ERR_BODY_TIMEOUT/ })
})

test('a stream that falls silent ends in a typed error, and what was sent is charged', async () => {
  await expectBroken(proxy, ask('sandbox-hang-midstream', true), {
    code: 'upstream_timeout',
    outcome: 'timed_out',
    cause: /UND_ERR_BODY_TIMEOUT/,
  })
})

test('a stream that was promised and never came ends in a typed error and is free', async () => {
  const impatient = await startProxy({ env: { ...FALLS_SILENT, STREAM_COMMIT_MS: '50' } })
  const { key, accountId } = await impatient.customer('100')
  const body = ask('sandbox-echo', true, { sandbox: { first_delay_ms: 60_000 } })
  const response = await impatient.chat(key, body)
  expect(response.status).toBe(200)
  const text = await response.text()
  expect(text).toMatch(/^: keep-alive\n\ndata: \{"error":/)
  const { events, last } = readStream(text)
  expect(events).toHaveLength(1)
  expectErrorBody(last, { code: 'upstream_timeout', type: 'server_error' })
  const record = await impatient.settled(response.headers.get('x-request-id') as string)
  expect(record).toMatchObject({ outcome: 'timed_out', state: 'released', charged: '0' })
  const account = await impatient.admin('GET', `/accounts/${accountId}`)
  expect(account.body).toMatchObject({ posted: '100', held: '0' })
  await impatient.close()
})

test.each(KINDS)('a TLS handshake that nobody answers fails %s with a 504', async (_, stream) => {
  const sockets: Socket[] = []
  const silent = createServer((socket) => sockets.push(socket))
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as { port: number }
  const env = { OPENAI_BASE_URL: `https://127.0.0.1:${port}`, UPSTREAM_CONNECT_TIMEOUT_MS: '200' }
  const other = await startProxy({ env })
  await expectFailure(other, ask('gpt', stream), { ...TIMED_OUT, cause: /CONNECT_TIMEOUT/ })
  await other.close()
  for (const socket of sockets) socket.destroy()
  silent.close()
})
