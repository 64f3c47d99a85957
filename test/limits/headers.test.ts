import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { limitHeaders, newKey, putTier, request, send } from './setup.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
})
afterAll(() => proxy.close())

const NONE = { limit: null, remaining: null, reset: null }

test.for([true, false])(
  'an answer counts down what is left of the limit (stream: %s)',
  async (stream) => {
    await putTier([proxy], `counted-${stream}`, { requests_per_minute: 3 })
    const { key } = await proxy.customer('1000', { tier: `counted-${stream}` })
    const seen = []
    for (let i = 0; i < 4; i += 1) {
      seen.push(limitHeaders(await send(proxy, key, request({ stream }))))
    }
    expect(seen).toEqual([
      { limit: '3', remaining: '2', reset: '20s' },
      { limit: '3', remaining: '1', reset: '40s' },
      { limit: '3', remaining: '0', reset: '60s' },
      { limit: '3', remaining: '0', reset: '60s' },
    ])
  },
)

test('the headers tell the lower limit, and the least that is left of both', async () => {
  await putTier([proxy], 'both', { requests_per_minute: 4 })
  const { key, accountId } = await proxy.customer('1000', { tier: 'both' })
  const slow = await newKey(proxy, accountId, { requests_per_minute: 3 })
  expect(limitHeaders(await send(proxy, slow.key))).toMatchObject({ limit: '3', remaining: '2' })
  expect(limitHeaders(await send(proxy, key))).toMatchObject({ limit: '4', remaining: '2' })
  expect(limitHeaders(await send(proxy, key))).toMatchObject({ limit: '4', remaining: '1' })
  expect(limitHeaders(await send(proxy, slow.key))).toMatchObject({ limit: '3', remaining: '0' })
})

test('without a limit there are no such headers, not even those of the upstream', async () => {
  const { key } = await proxy.customer('1000')
  for (const stream of [true, false]) {
    const answer = await send(proxy, key, request({ model: 'sandbox-headers', stream }))
    expect(answer.status).toBe(200)
    expect(limitHeaders(answer)).toEqual(NONE)
  }
})

test("the upstream's headers never stand in for those of the limit", async () => {
  await putTier([proxy], 'own', { requests_per_minute: 60 })
  const { key } = await proxy.customer('1000', { tier: 'own' })
  for (const stream of [true, false]) {
    const answer = await send(proxy, key, request({ model: 'sandbox-headers', stream }))
    expect(limitHeaders(answer)).toMatchObject({ limit: '60' })
    expect(Number(limitHeaders(answer).remaining)).toBeLessThan(60)
  }
})

test('a request that the upstream fails has counted, and is told so', async () => {
  await putTier([proxy], 'failed', { requests_per_minute: 2 })
  const { key } = await proxy.customer('1000', { tier: 'failed' })
  const answer = await send(proxy, key, request({ model: 'sandbox-error-400' }))
  expect(answer.status).toBe(400)
  expect(limitHeaders(answer)).toMatchObject({ limit: '2', remaining: '1' })
})
