import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { limitHeaders, newKey, putTier, send } from './setup.ts'

/** Less than the time between two readings of everything, so that all changes were told. */
const TOLD_MS = 9_000

let one: Tollkeeper
let two: Tollkeeper
beforeAll(async () => {
  one = await startProxy()
  two = await startProxy({ databaseUrl: one.databaseUrl, sandbox: one.sandbox })
})
afterAll(async () => {
  await two.close()
  await one.close()
})

/** Changes a limit through one instance, over and over, and sees the other go by each change. */
async function follows(key: string, change: (perMinute: number | null) => Promise<unknown>) {
  const deadline = performance.now() + TOLD_MS
  for (const perMinute of [600, 700, null, 800, 900, null]) {
    await change(perMinute)
    const limit = perMinute === null ? null : String(perMinute)
    const timeout = Math.max(deadline - performance.now(), 1)
    await expect.poll(async () => limitHeaders(await send(two, key)).limit, { timeout }).toBe(limit)
  }
}

test('a limit of a tier that is changed through one instance binds the other', async () => {
  await putTier([one, two], 'changing', {})
  const { key } = await one.customer('1000', { tier: 'changing' })
  await follows(key, (requests_per_minute) =>
    one.admin('PUT', '/tiers/changing', { requests_per_minute }),
  )
})

test('a limit of a key that is changed through one instance binds the other', async () => {
  const { accountId } = await one.customer('1000')
  const { id, key } = await newKey(one, accountId)
  await follows(key, (requests_per_minute) =>
    one.admin('PATCH', `/keys/${id}`, { requests_per_minute }),
  )
})

test('an account that moves to another tier has the limits of that', async () => {
  await putTier([one, two], 'before', { requests_per_minute: 600 })
  await putTier([one, two], 'after', { requests_per_minute: 700 })
  const { key, accountId } = await one.customer('1000', { tier: 'before' })
  expect(limitHeaders(await send(two, key)).limit).toBe('600')
  await one.admin('PATCH', `/accounts/${accountId}`, { tier: 'after' })
  await eventually(async () => limitHeaders(await send(two, key)).limit === '700')
})

test('a limit that is lowered leaves no more than itself of what was left', async () => {
  await putTier([one, two], 'lowered', { requests_per_minute: 600 })
  const { key } = await one.customer('1000', { tier: 'lowered' })
  await send(one, key)
  await putTier([one, two], 'lowered', { requests_per_minute: 2 })
  const codes = []
  for (let i = 0; i < 3; i += 1) codes.push((await send(two, key)).code)
  expect(codes).toEqual([null, null, 'rate_limit_exceeded'])
})
