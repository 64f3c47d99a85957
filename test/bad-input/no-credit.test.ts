import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectError } from '../harness/error-answer.ts'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { expectUnspent, GOOD } from './setup.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
})
afterAll(() => proxy.close())

const BROKE = {
  status: 402,
  code: 'insufficient_quota',
  type: 'insufficient_quota',
  param: null,
}

const PATIENCE = { status: 429, code: 'credits_held', type: 'requests', param: null }

test.each([true, false])('no credits is a 402 that no SDK retries (stream: %s)', async (stream) => {
  const customer = await proxy.customer('0')
  const response = await proxy.chat(customer.key, { ...GOOD, stream })
  expect(response.headers.get('x-should-retry')).toBe('false')
  expect(response.headers.has('retry-after')).toBe(false)
  expect(response.headers.has('retry-after-ms')).toBe(false)
  await expectError(response, BROKE)
  await expectUnspent(proxy, customer, '0')
  expect(proxy.sandbox.calls.size).toBe(0)
})

test('too few credits for the prompt alone are a 402', async () => {
  const customer = await proxy.customer('0.01')
  await expectError(await proxy.chat(customer.key, { ...GOOD, max_tokens: 1 }), BROKE)
  await expectUnspent(proxy, customer, '0.01')
})

test('credits that a running request holds are a 429 with Retry-After', async () => {
  const { accountId, key } = await proxy.customer('50')
  const stream = { ...GOOD, stream: true }
  proxy.sandbox.hold()
  const running = proxy.chat(key, stream)
  await eventually(() => proxy.sandbox.waiting() === 1)
  const refused = await proxy.chat(key, stream)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
  expect(Number(refused.headers.get('retry-after'))).toBeLessThan(60)
  expect(refused.headers.get('x-should-retry')).not.toBe('false')
  await expectError(refused, PATIENCE)
  proxy.sandbox.release()

  const first = await running
  expect(first.status).toBe(200)
  await first.text()
  await proxy.settled(first.headers.get('x-request-id') as string)
  const second = await proxy.chat(key, stream)
  expect(second.status).toBe(200)
  await second.text()
  await proxy.settled(second.headers.get('x-request-id') as string)
  const account = await proxy.admin('GET', `/accounts/${accountId}`)
  expect(account.body).toMatchObject({ posted: '49.92', held: '0' })
})

test('what the balance can never pay is a 402 also while credits are held', async () => {
  const { key } = await proxy.customer('50')
  proxy.sandbox.hold()
  const running = proxy.chat(key, { ...GOOD, stream: true })
  await eventually(() => proxy.sandbox.waiting() === 1)
  const words = 'one two three four five '.repeat(2_000)
  const messages = [{ role: 'user', content: words }]
  await expectError(await proxy.chat(key, { ...GOOD, messages }), BROKE)
  proxy.sandbox.release()
  await (await running).text()
})
