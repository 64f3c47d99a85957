import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { limitHeaders, newKey, putTier, refill, send, sendMany } from './setup.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
  await putTier([proxy], 'wide', { requests_per_minute: 30 })
})
afterAll(() => proxy.close())

test('a key with a lower limit than its tier keeps to its own, and the others do not', async () => {
  const { accountId, key } = await proxy.customer('1000', { tier: 'wide' })
  const slow = await newKey(proxy, accountId, { requests_per_minute: 3 })
  const from = performance.now()
  const answers = await sendMany(9, [proxy], slow.key).all
  const late = refill(3, performance.now() - from)
  const admitted = answers.filter(({ status }) => status === 200).length
  expect(admitted).toBeGreaterThanOrEqual(3)
  expect(admitted).toBeLessThanOrEqual(3 + late)
  const refused = answers.find(({ status }) => status === 429)
  expect(refused).toMatchObject({ code: 'rate_limit_exceeded', type: 'requests' })
  expect(refused && limitHeaders(refused)).toEqual({ limit: '3', remaining: '0', reset: '60s' })
  expect(Number(refused?.headers.get('retry-after'))).toBeLessThanOrEqual(20)

  const rest = await sendMany(10, [proxy], key).all
  expect(rest.map(({ status }) => status)).toEqual(Array(10).fill(200))
})

test('what a key is refused for its own limit does not count against its account', async () => {
  await putTier([proxy], 'four', { requests_per_minute: 4 })
  const { accountId, key } = await proxy.customer('1000', { tier: 'four' })
  const slow = await newKey(proxy, accountId, { requests_per_minute: 1 })
  expect((await send(proxy, slow.key)).status).toBe(200)
  for (let i = 0; i < 5; i += 1) expect((await send(proxy, slow.key)).status).toBe(429)
  const answers = await sendMany(3, [proxy], key).all
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
})

test('a key with a higher limit than its tier keeps to that of the tier', async () => {
  await putTier([proxy], 'narrow', { requests_per_minute: 2 })
  const { accountId } = await proxy.customer('1000', { tier: 'narrow' })
  const { key } = await newKey(proxy, accountId, { requests_per_minute: 1_000 })
  const first = await send(proxy, key)
  expect(limitHeaders(first)).toEqual({ limit: '2', remaining: '1', reset: '30s' })
  await send(proxy, key)
  expect(await send(proxy, key)).toMatchObject({ status: 429, code: 'rate_limit_exceeded' })
})

test('a key may have a limit where its tier has none', async () => {
  const { accountId, key } = await proxy.customer('1000')
  const slow = await newKey(proxy, accountId, { requests_per_minute: 1 })
  expect((await send(proxy, slow.key)).status).toBe(200)
  expect((await send(proxy, slow.key)).status).toBe(429)
  expect((await send(proxy, key)).status).toBe(200)
})
