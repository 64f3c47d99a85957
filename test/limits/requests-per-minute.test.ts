import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import {
  type Answer,
  expectPaidFor,
  limitHeaders,
  newKey,
  putTier,
  refill,
  request,
  send,
  sendMany,
} from './setup.ts'

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

const PER_MINUTE = 20

/** Checks a refusal for its rate, of a limit at which a request takes so many seconds. */
function expectRefused(answer: Answer, perMinute: number) {
  expect(answer).toMatchObject({ status: 429, code: 'rate_limit_exceeded', type: 'requests' })
  const seconds = Number(answer.headers.get('retry-after'))
  expect(Number.isInteger(seconds)).toBe(true)
  expect(seconds).toBeGreaterThanOrEqual(1)
  expect(seconds).toBeLessThanOrEqual(Math.min(Math.ceil(60 / perMinute), 59))
  expect(answer.headers.get('retry-after-ms')).toBe(String(seconds * 1_000))
  expect(limitHeaders(answer)).toEqual({ limit: String(perMinute), remaining: '0', reset: '60s' })
}

test.for([true, false])(
  'two instances together admit a tier the requests of a minute at once (stream: %s)',
  async (stream) => {
    const tier = `burst-${stream}`
    await putTier([one, two], tier, { requests_per_minute: PER_MINUTE })
    const { key, accountId } = await one.customer('1000', { tier })
    one.sandbox.clear()
    const from = performance.now()
    const answers = await sendMany(3 * PER_MINUTE, [one, two], key, request({ stream })).all
    const late = refill(PER_MINUTE, performance.now() - from)
    const admitted = answers.filter(({ status }) => status === 200)
    expect(admitted.length).toBeGreaterThanOrEqual(PER_MINUTE)
    expect(admitted.length).toBeLessThanOrEqual(PER_MINUTE + late)
    expect(one.sandbox.calls.size).toBe(admitted.length)
    for (const answer of answers.filter(({ status }) => status !== 200)) {
      expectRefused(answer, PER_MINUTE)
    }
    const left = admitted.map((answer) => Number(limitHeaders(answer).remaining))
    expect(Math.max(...left)).toBe(PER_MINUTE - 1)
    expect(Math.min(...left)).toBe(0)
    await expectPaidFor(one, accountId, 1_000, admitted.length)
  },
)

test('a limit of one request a minute is not told to wait a whole minute', async () => {
  await putTier([one, two], 'slowest', { requests_per_minute: 1 })
  const { key } = await one.customer('1000', { tier: 'slowest' })
  expect((await send(one, key)).status).toBe(200)
  expectRefused(await send(two, key), 1)
})

test('who waits as long as it was told is admitted again', async () => {
  await putTier([one, two], 'patient', { requests_per_minute: 2 })
  const { key } = await one.customer('1000', { tier: 'patient' })
  await sendMany(2, [one, two], key).all
  const refused = await send(one, key)
  expectRefused(refused, 2)
  const waited = Number(refused.headers.get('retry-after')) * 1_000_000
  await one.sql`update rate_buckets set at = at - ${waited}::bigint`
  expect((await send(two, key)).status).toBe(200)
  expectRefused(await send(one, key), 2)
  await one.sql`update rate_buckets set at = at - 60000000`
  const answers = await sendMany(3, [one, two], key).all
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(2)
})

test('each account of a tier has the limit for itself', async () => {
  await putTier([one, two], 'shared', { requests_per_minute: 1 })
  for (let i = 0; i < 3; i += 1) {
    const { key } = await one.customer('1000', { tier: 'shared' })
    expect((await send(i % 2 ? one : two, key)).status).toBe(200)
    expect((await send(one, key)).status).toBe(429)
  }
})

test('the keys of an account share its limit', async () => {
  await putTier([one, two], 'family', { requests_per_minute: 2 })
  const { key, accountId } = await one.customer('1000', { tier: 'family' })
  const other = await newKey(one, accountId)
  expect((await send(one, key)).status).toBe(200)
  expect((await send(two, other.key)).status).toBe(200)
  expectRefused(await send(one, key), 2)
  expectRefused(await send(two, other.key), 2)
})

test('a refused request has a record that says so, and holds nothing', async () => {
  await putTier([one, two], 'told', { requests_per_minute: 1 })
  const { key, accountId, keyId } = await one.customer('1000', { tier: 'told' })
  await send(one, key)
  const { headers } = await send(two, key, request({ stream: true }))
  const id = headers.get('x-request-id') as string
  expect(await two.settled(id)).toMatchObject({
    ...{ account_id: accountId, key_id: keyId, model: 'sandbox-echo', stream: true },
    ...{ status: 429, outcome: 'refused', stage: 'credit', hold: '0', charged: '0' },
    ...{ attempts: [], error: { code: 'rate_limit_exceeded' } },
  })
  expect(one.sandbox.calls.has(id)).toBe(false)
})

test('what costs nothing does not count', async () => {
  await putTier([one, two], 'looks', { requests_per_minute: 1 })
  const { key } = await one.customer('1000', { tier: 'looks' })
  for (const path of ['/models', '/credits', '/models', '/credits']) {
    const headers = { authorization: `Bearer ${key}` }
    const response = await fetch(one.url + path, { headers })
    expect(response.status, await response.text()).toBe(200)
    expect(response.headers.has('x-ratelimit-limit-requests')).toBe(false)
  }
  expect((await send(one, key)).status).toBe(200)
})
