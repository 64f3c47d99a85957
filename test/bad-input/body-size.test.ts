import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectError } from '../harness/error-answer.ts'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { postHead, sendRaw } from './raw-request.ts'
import { bearer, expectUnspent, GOOD, JSON_TYPE, post } from './setup.ts'

const LIMIT = 2_048

let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  proxy = await startProxy({ env: { BODY_LIMIT_BYTES: String(LIMIT) } })
  customer = await proxy.customer('100')
})
afterAll(() => proxy.close())

const TOO_LARGE = {
  status: 413,
  code: 'request_too_large',
  type: 'invalid_request_error',
  param: null,
}

/** A good body of exactly so many bytes. */
function bodyOf(bytes: number): string {
  const bare = JSON.stringify({ ...GOOD, user: '' }).length
  return JSON.stringify({ ...GOOD, user: 'x'.repeat(bytes - bare) })
}

function chunked(body: string, chunkBytes: number): string {
  const chunks = body.match(new RegExp(`.{1,${chunkBytes}}`, 'g')) ?? []
  const framed = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`)
  return `${framed.join('')}0\r\n\r\n`
}

test('a body of exactly the limit is read', async () => {
  const { key } = await proxy.customer('100')
  const response = await post(proxy, { ...bearer(key), ...JSON_TYPE }, bodyOf(LIMIT))
  expect(response.status).toBe(200)
  await response.text()
})

test.each([1, 1_000_000])('a body %i bytes over the limit is a 413 by its length', async (over) => {
  const response = await post(
    proxy,
    { ...bearer(customer.key), ...JSON_TYPE },
    bodyOf(LIMIT + over),
  )
  await expectError(response, TOO_LARGE)
  await expectUnspent(proxy, customer)
})

test('a body over the limit is refused before it is sent', async () => {
  const head = postHead(customer.key, `content-length: ${LIMIT + 1}`)
  await expectError(await sendRaw(proxy, head), TOO_LARGE)
})

test('a chunked body over the limit is a 413 that can be read', async () => {
  const head = postHead(customer.key, 'transfer-encoding: chunked')
  const response = await sendRaw(proxy, head, chunked(bodyOf(LIMIT + 1), 100))
  await expectError(response, TOO_LARGE)
  await expectUnspent(proxy, customer)
})

test('a chunked body far over the limit is a 413 that can be read', async () => {
  const head = postHead(customer.key, 'transfer-encoding: chunked')
  const response = await sendRaw(proxy, head, chunked(bodyOf(LIMIT + 500_000), 1_000))
  await expectError(response, TOO_LARGE)
})

test.each([
  ['told', `content-length: ${LIMIT + 500_000}`, 'x'.repeat(LIMIT + 500_000)],
  ['not told', 'transfer-encoding: chunked', chunked('x'.repeat(LIMIT + 500_000), 1_000)],
])(
  'a body that is refused is read to its end, its length %s, and its connection lives on',
  async (_, header, body) => {
    const { key } = await proxy.customer('100')
    const head = postHead(key, header).replace('connection: close', 'connection: keep-alive')
    const next = `GET /v1/models HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-key: ${key}\r\n\r\n`
    const response = await sendRaw(proxy, head, body, next)
    expect(response.status).toBe(413)
    expect(response.headers.get('connection')).not.toBe('close')
    expect(await response.text()).toContain('HTTP/1.1 200 OK')
  },
)

test('a chunked body within the limit is read', async () => {
  const { key } = await proxy.customer('100')
  const head = postHead(key, 'transfer-encoding: chunked')
  const response = await sendRaw(proxy, head, chunked(bodyOf(LIMIT), 7))
  expect(response.status).toBe(200)
})
