import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ask, codeOf, newKey, sendOnce, sendUntilFree } from './setup.ts'

let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  proxy = await startProxy()
  customer = await proxy.customer('1000')
})
afterAll(() => proxy.close())

/** POST to another endpoint under a key. */
async function postTo(path: string, key: string, text: string) {
  const response = await fetch(`${proxy.url}${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${customer.key}`,
      'content-type': 'application/json',
      'idempotency-key': key,
    },
    body: text,
  })
  return { status: response.status, body: (await response.json()) as any }
}

test('another body under a key is refused, also while the first one runs', async () => {
  const key = newKey()
  const slow = ask('sandbox-echo', true, { reply_chars: 400, delay_ms: 20 })
  const response = await proxy.chat(customer.key, slow, {
    headers: {
      authorization: `Bearer ${customer.key}`,
      'content-type': 'application/json',
      'idempotency-key': key,
    },
  })
  const callsBefore = proxy.sandbox.calls.size
  const during = await sendOnce(proxy, customer.key, key, ask('sandbox-echo'))
  expect([during.status, codeOf(during)]).toEqual([400, 'idempotency_key_reused'])
  await response.text()
  await sendUntilFree(proxy, customer.key, key, slow)
  const after = await sendOnce(proxy, customer.key, key, ask('sandbox-echo'))
  expect([after.status, codeOf(after)]).toEqual([400, 'idempotency_key_reused'])
  expect(proxy.sandbox.calls.size).toBe(callsBefore)
})

test('the same body at another endpoint is another question', async () => {
  const key = newKey()
  const text = JSON.stringify({ ...ask('sandbox-echo'), prompt: 'Hello there' })
  expect(await postTo('/chat/completions', key, text)).toMatchObject({ status: 200 })
  const other = await postTo('/completions', key, text)
  expect(other).toMatchObject({ status: 400, body: { error: { code: 'idempotency_key_reused' } } })
})

test('a body with another space in it is another question', async () => {
  const key = newKey()
  const text = JSON.stringify(ask('sandbox-echo'))
  expect(await postTo('/chat/completions', key, text)).toMatchObject({ status: 200 })
  expect(await postTo('/chat/completions', key, `${text} `)).toMatchObject({ status: 400 })
})

test('a key belongs to the account: all its API keys share it, and no other account', async () => {
  const key = newKey()
  const body = ask('sandbox-echo')
  const original = await sendOnce(proxy, customer.key, key, body)
  const { body: second } = await proxy.admin('POST', `/accounts/${customer.accountId}/keys`, {})
  const shared = await sendUntilFree(proxy, second.key, key, body)
  expect(shared.replayOf).toBe(original.requestId)

  const stranger = await proxy.customer('1000')
  const own = await sendOnce(proxy, stranger.key, key, body)
  expect([own.status, own.replayOf]).toEqual([200, null])
  expect(await sendOnce(proxy, stranger.key, key, ask('sandbox-slow'))).toMatchObject({
    status: 400,
  })
})

test('an answer is not sent to an API key that may not use its model', async () => {
  const key = newKey()
  const body = ask('sandbox-echo')
  await sendOnce(proxy, customer.key, key, body)
  const limits = { models: [`only-${randomUUID()}`] }
  const { body: other } = await proxy.admin('POST', `/accounts/${customer.accountId}/keys`, limits)
  const refused = await sendOnce(proxy, other.key, key, body)
  expect([refused.status, codeOf(refused)]).toEqual([403, 'model_not_allowed'])
})
