import { afterAll, beforeAll, expect, test } from 'vitest'
import { postHead, sendRaw } from '../bad-input/raw-request.ts'
import { expectError } from '../harness/error-answer.ts'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ask, sendOnce } from './setup.ts'

let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  proxy = await startProxy()
  customer = await proxy.customer('1000')
})
afterAll(() => proxy.close())

/** Raw, since no client sends such headers. */
function post(lines: string[]): Promise<Response> {
  const body = JSON.stringify(ask('sandbox-echo'))
  const about = ['content-type: application/json', `content-length: ${body.length}`]
  return sendRaw(proxy, postHead(customer.key, ...about, ...lines), body)
}

test.each([
  ['that is empty', ['Idempotency-Key: ']],
  ['of 256 characters', [`Idempotency-Key: ${'k'.repeat(256)}`]],
  ['with a character beyond ASCII', ['Idempotency-Key: ordé-1']],
  ['with a tab in it', ['Idempotency-Key: order\t1']],
  ['that is there twice', ['Idempotency-Key: order-1', 'Idempotency-Key: order-2']],
])('a key %s is refused, and nothing runs', async (_, lines) => {
  const callsBefore = proxy.sandbox.calls.size
  const expected = { status: 400, code: 'invalid_value', param: 'Idempotency-Key' }
  const { error } = await expectError(await post(lines), expected)
  expect(error.message).toContain('"Idempotency-Key"')
  expect(proxy.sandbox.calls.size).toBe(callsBefore)
})

test.each([
  ['one character', '1'],
  ['255 characters', 'k'.repeat(255)],
  [
    'all of printable ASCII',
    Array.from({ length: 95 }, (_, at) => at + 32)
      .map(toText)
      .join(''),
  ],
])('a key of %s is taken', async (_, key) => {
  const answer = await sendOnce(proxy, customer.key, key.trim(), ask('sandbox-echo'))
  expect(answer.status).toBe(200)
})

function toText(code: number): string {
  return String.fromCharCode(code)
}

test('a request that costs nothing does not look at the header', async () => {
  const headers = { authorization: `Bearer ${customer.key}`, 'idempotency-key': 'k'.repeat(300) }
  expect((await fetch(`${proxy.url}/credits`, { headers })).status).toBe(200)
})
