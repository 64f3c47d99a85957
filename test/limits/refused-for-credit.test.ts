import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { nothingHeld } from '../money/burst.ts'
import { countsPrompts } from '../money/setup.ts'
import { limitHeaders, newKey, putTier, request, send } from './setup.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
  await countsPrompts(proxy)
})
afterAll(() => proxy.close())

test('a request that is refused for credit leaves the limit as it was', async () => {
  await putTier([proxy], 'poor', { requests_per_minute: 2 })
  const { accountId } = await proxy.customer('0', { tier: 'poor' })
  const { key } = await newKey(proxy, accountId, { requests_per_minute: 2 })
  for (let i = 0; i < 5; i += 1) {
    const answer = await send(proxy, key)
    expect(answer).toMatchObject({ status: 402, code: 'insufficient_quota' })
    expect(limitHeaders(answer)).toMatchObject({ limit: '2', remaining: '2', reset: '0s' })
  }
  const grant = { credits: '10', reference: 'late' }
  await proxy.admin('POST', `/accounts/${accountId}/grants`, grant)
  expect(limitHeaders(await send(proxy, key)).remaining).toBe('1')
  expect(limitHeaders(await send(proxy, key)).remaining).toBe('0')
  expect(await send(proxy, key)).toMatchObject({ status: 429, code: 'rate_limit_exceeded' })
})

test('a request whose credits others hold leaves the limit as it was', async () => {
  await putTier([proxy], 'busy', { requests_per_minute: 3 })
  const customer = await proxy.customer('1', { tier: 'busy' }) // 100 tokens
  proxy.sandbox.hold()
  const first = send(proxy, customer.key, request({ max_tokens: 90, stream: true }))
  await eventually(() => proxy.sandbox.waiting() === 1 || undefined)
  const body = request({ max_tokens: 80, stream: true })
  for (let i = 0; i < 4; i += 1) {
    const answer = await send(proxy, customer.key, body)
    expect(answer).toMatchObject({ status: 429, code: 'credits_held' })
  }
  proxy.sandbox.release()
  expect(limitHeaders(await first).remaining).toBe('2')
  await nothingHeld(proxy, customer)
  expect(limitHeaders(await send(proxy, customer.key)).remaining).toBe('1')
})

test('a request that is out of its rate is told so, though it could not pay either', async () => {
  await putTier([proxy], 'neither', { requests_per_minute: 1 })
  const { key } = await proxy.customer('0.5', { tier: 'neither' })
  expect((await send(proxy, key)).status).toBe(200)
  const answer = await send(proxy, key, request({ max_tokens: 100_000, stream: true }))
  expect(answer).toMatchObject({ status: 429, code: 'rate_limit_exceeded' })
})
