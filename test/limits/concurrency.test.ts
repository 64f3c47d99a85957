import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { nothingHeld } from '../money/burst.ts'
import { limitHeaders, newKey, putTier, request, send, sendMany } from './setup.ts'

let one: Tollkeeper
let two: Tollkeeper
beforeAll(async () => {
  one = await startProxy()
  two = await startProxy({ databaseUrl: one.databaseUrl, sandbox: one.sandbox })
})
afterEach(() => one.sandbox.release())
afterAll(async () => {
  await two.close()
  await one.close()
})

const RUNNING = 3

test.for([true, false])(
  'two instances together run as many requests at once as the tier says (stream: %s)',
  async (stream) => {
    const tier = `crowd-${stream}`
    await putTier([one, two], tier, { concurrency: RUNNING })
    const customer = await one.customer('1000', { tier })
    const body = request({ stream })
    for (let round = 0; round < 2; round += 1) {
      one.sandbox.hold()
      const { answered, all } = sendMany(4 * RUNNING, [one, two], customer.key, body)
      await eventually(() => one.sandbox.waiting() + answered.length === 4 * RUNNING || undefined)
      expect(one.sandbox.waiting()).toBe(RUNNING)
      for (const answer of answered) {
        expect(answer).toMatchObject({
          status: 429,
          code: 'concurrency_limit_exceeded',
          type: 'requests',
        })
        expect(answer.headers.get('retry-after')).toBe('1')
      }
      one.sandbox.release()
      const statuses = (await all).map(({ status }) => status)
      expect(statuses.filter((status) => status === 200)).toHaveLength(RUNNING)
      await nothingHeld(one, customer) // and the next round runs
    }
  },
)

test('the place of a request that ends is free for another', async () => {
  await putTier([one, two], 'single', { concurrency: 1 })
  const customer = await one.customer('1000', { tier: 'single' })
  for (let i = 0; i < 3; i += 1) {
    expect((await send(i % 2 ? two : one, customer.key)).status).toBe(200)
    await nothingHeld(one, customer)
  }
  const failed = await send(one, customer.key, request({ model: 'sandbox-error-500' }))
  expect(failed.status).toBeGreaterThanOrEqual(500)
  await nothingHeld(one, customer)
  expect((await send(two, customer.key)).status).toBe(200)
})

test('the place of a client that hangs up is free for another', async () => {
  await putTier([one, two], 'left', { concurrency: 1 })
  const customer = await one.customer('1000', { tier: 'left' })
  one.sandbox.hold()
  const leaving = new AbortController()
  const left = one.chat(customer.key, request(), { signal: leaving.signal }).catch(() => null)
  await eventually(() => one.sandbox.waiting() === 1 || undefined)
  expect((await send(two, customer.key)).status).toBe(429)
  leaving.abort()
  await left
  await nothingHeld(one, customer)
  one.sandbox.release()
  expect((await send(two, customer.key)).status).toBe(200)
})

test('a key with a lower limit than its tier runs fewer at once, and the others more', async () => {
  await putTier([one, two], 'open', { concurrency: 4 })
  const { accountId, key } = await one.customer('1000', { tier: 'open' })
  const narrow = await newKey(one, accountId, { concurrency: 1 })
  one.sandbox.hold()
  const first = sendMany(3, [one, two], narrow.key)
  await eventually(() => one.sandbox.waiting() + first.answered.length === 3 || undefined)
  expect(one.sandbox.waiting()).toBe(1)
  const second = sendMany(5, [one, two], key)
  await eventually(() => one.sandbox.waiting() + second.answered.length === 6 || undefined)
  expect(one.sandbox.waiting()).toBe(4)
  one.sandbox.release()
  await Promise.all([first.all, second.all])
})

test('a request refused for concurrency leaves the limit of requests as it was', async () => {
  await putTier([one, two], 'both', { concurrency: 1, requests_per_minute: 3 })
  const customer = await one.customer('1000', { tier: 'both' })
  one.sandbox.hold()
  const running = send(one, customer.key)
  await eventually(() => one.sandbox.waiting() === 1 || undefined)
  for (let i = 0; i < 5; i += 1) {
    const { code } = await send(two, customer.key)
    expect(code).toBe('concurrency_limit_exceeded')
  }
  one.sandbox.release()
  expect(limitHeaders(await running).remaining).toBe('2')
  await nothingHeld(one, customer)
  expect(limitHeaders(await send(two, customer.key)).remaining).toBe('1')
})
