import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectError } from '../harness/error-answer.ts'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { postHead, sendRaw } from './raw-request.ts'
import { expectUnspent } from './setup.ts'

let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  proxy = await startProxy()
  customer = await proxy.customer('100')
})
afterAll(() => proxy.close())

const BAD = { status: 400, code: 'bad_http', type: 'invalid_request_error', param: null }
const TOO_LARGE = { ...BAD, status: 431, code: 'request_header_fields_too_large' }
const GET = 'GET /v1/models HTTP/1.1\r\nhost: tollkeeper\r\nconnection: close\r\n'

test.each([
  ['no HTTP at all', 'Good morning\r\n\r\n'],
  ['the greeting of TLS', Buffer.from([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 3])],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['an unknown method', GET.replace('GET', 'BREW')],
  ['a wrong version', GET.replace('1.1', '7.0')],
  ['a space in a header name', `${GET}x y: z\r\n\r\n`],
  ['a control character in a header', `${GET}x: \u0001\r\n\r\n`],
  ['a length that is no number', `${GET}content-length: many\r\n\r\n`],
  ['two lengths', `${GET}content-length: 1\r\ncontent-length: 2\r\n\r\n`],
  ['a length and chunks', `${GET}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n`],
])('%s is answered 400 in JSON', async (_, bytes) => {
  await expectError(await sendRaw(proxy, bytes), BAD)
})

test.each([
  ['a header of 20 KB', `${GET}x: ${'y'.repeat(20_000)}\r\n\r\n`],
  ['a header of 2 MB', `${GET}x: ${'y'.repeat(2_000_000)}\r\n\r\n`],
  ['1,000 headers of 100 bytes', `${GET}${`x: ${'y'.repeat(95)}\r\n`.repeat(1_000)}\r\n`],
  ['a URL of 20 KB', GET.replace('models', 'y'.repeat(20_000))],
])('%s is answered 431 in JSON', async (_, bytes) => {
  await expectError(await sendRaw(proxy, bytes), TOO_LARGE)
})

test('a chunk whose size is no number is answered 400 in JSON, and nothing is held', async () => {
  const head = postHead(customer.key, 'transfer-encoding: chunked')
  await expectError(await sendRaw(proxy, head, 'zz\r\n{}\r\n'), BAD)
  await expectUnspent(proxy, customer)
})

test('a malformed request leaves a line in the log under the id of its answer', async () => {
  const { requestId } = await expectError(await sendRaw(proxy, 'Good morning\r\n\r\n'), BAD)
  const line = await proxy.logOf(requestId)
  expect(line).toMatchObject({ status: 400, outcome: 'refused', error: { code: 'bad_http' } })
})

test('a client that stays connected after a malformed request is disconnected', async () => {
  const accepted = new Promise<Socket>((resolve) => proxy.app.server.once('connection', resolve))
  const { hostname, port } = new URL(proxy.origin)
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true })
  socket.write('Good morning\r\n\r\n')
  socket.resume()
  const { destroyed } = await accepted
  expect(destroyed).toBe(false)
  await expect.poll(async () => (await accepted).destroyed, { timeout: 10_000 }).toBe(true)
  socket.destroy()
})

test('a request without a Host header is answered like any other', async () => {
  const response = await sendRaw(proxy, GET.replace('host: tollkeeper\r\n', ''), '\r\n')
  await expectError(response, { ...BAD, status: 401, code: null })
})

test('an Expect header that nobody knows is ignored', async () => {
  const response = await sendRaw(proxy, `${GET}expect: miracles\r\n\r\n`)
  await expectError(response, { ...BAD, status: 401, code: null })
})

test('a WebSocket without a key is refused for that, at once', async () => {
  const head = GET.replace('connection: close', 'connection: upgrade, close')
  const response = await sendRaw(proxy, head, 'upgrade: websocket\r\n\r\n')
  await expectError(response, { ...BAD, status: 401, code: null })
})

test('a method that HTTP knows and no URL supports is a 405 in JSON', async () => {
  const authorization = `authorization: Bearer ${customer.key}\r\n\r\n`
  const response = await sendRaw(proxy, GET.replace('GET', 'PROPFIND'), authorization)
  expect(response.headers.get('allow')).toMatch(/GET/)
  await expectError(response, { ...BAD, status: 405, code: 'method_not_supported' })
})
