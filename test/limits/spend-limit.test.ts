import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { nothingHeld } from '../money/burst.ts'
import { readStream } from '../money/read-stream.ts'
import { countsPrompts } from '../money/setup.ts'
import { dayGoesOn, newKey, request, send, sendMany } from './setup.ts'

let one: Tollkeeper
let two: Tollkeeper
beforeAll(async () => {
  one = await startProxy()
  two = await startProxy({ databaseUrl: one.databaseUrl, sandbox: one.sandbox })
  for (const proxy of [one, two]) await countsPrompts(proxy) // of what does not fit
})
beforeEach(() => dayGoesOn(one.sql))
afterEach(() => one.sandbox.release())
afterAll(async () => {
  await two.close()
  await one.close()
})

/**
 * Credits that a request of these tests holds at least, counted exactly: a prompt of 10 tokens
 * with its template, and 10 of output; and what it costs: 3 and 3 tokens.
 */
const HELD = 0.2
const COST = 0.06

/** A key with a spending limit, on an account that can pay much more. */
async function limitedKey(spend_limit: string, spend_period?: 'day' | 'month') {
  const customer = await one.customer('1000')
  const period = spend_period && { spend_period }
  const { id, key } = await newKey(one, customer.accountId, { spend_limit, ...period })
  return { customer, id, key }
}

const spentOf = async (id: string) => (await one.admin('GET', `/keys/${id}`)).body.spent

test('a key that has spent its limit is refused for good, and its sister is not', async () => {
  const { customer, id, key } = await limitedKey('0.2')
  expect((await send(one, key)).headers.get('x-tollkeeper-max-tokens')).toBe(null)
  await nothingHeld(one, customer)
  const clamped = await send(two, key) // 14 tokens are left, 10 of them for the prompt
  expect(clamped.headers.get('x-tollkeeper-max-tokens')).toBe('4')
  await nothingHeld(one, customer)
  const refused = await send(one, key)
  expect(refused).toMatchObject({
    status: 402,
    code: 'spend_limit_reached',
    type: 'insufficient_quota',
  })
  expect(refused.headers.get('x-should-retry')).toBe('false')
  expect(refused.headers.has('retry-after')).toBe(false)
  expect(await spentOf(id)).toBe(String(2 * COST))
  expect((await send(two, customer.key)).status).toBe(200)
  const record = await one.settled(refused.headers.get('x-request-id') as string)
  const causes = ['it needs at least 0.11 credits, the key may spend 0.2 (total)']
  expect(record).toMatchObject({ outcome: 'refused', error: { causes } })
})

test('two instances together hold no more for a key than its limit', async () => {
  const { customer, id, key } = await limitedKey('1', 'day')
  one.sandbox.hold()
  const body = request({ stream: true })
  const { answered, all } = sendMany(20, [one, two], key, body)
  await eventually(() => one.sandbox.waiting() + answered.length === 20 || undefined)
  expect(one.sandbox.waiting()).toBe(1 / HELD)
  for (const answer of answered) {
    expect(answer).toMatchObject({ status: 429, code: 'credits_held', type: 'requests' })
    expect(answer.message).toMatch(/of this API key hold what its spending limit leaves/)
    expect(answer.headers.get('retry-after')).toBe('2')
  }
  one.sandbox.release()
  await all
  await nothingHeld(one, customer)
  expect(await spentOf(id)).toBe(String((1 / HELD) * COST))
  expect((await send(two, key, body)).status).toBe(200)
})

test('a stream that reaches the limit of its key is cut, and charged no more', async () => {
  await one.admin('PUT', '/tiers/sliced', { hold_output_tokens: 32 })
  const { customer, id, key } = await limitedKey('1')
  await one.admin('PATCH', `/accounts/${customer.accountId}`, { tier: 'sliced' })
  const long = { stream: true, max_tokens: 1_000, sandbox: { reply_chars: 4_000, delay_ms: 2 } }
  const seen = await eventually(async () => {
    const answer = await one.chat(key, request(long))
    return answer.status === 200 ? readStream(answer) : undefined
  })
  expect(seen.kinds).toEqual(['text', 'error'])
  expect(seen.error).toMatchObject({ type: 'insufficient_quota', code: 'spend_limit_reached' })
  const record = await one.settled(seen.requestId)
  expect(record).toMatchObject({ outcome: 'out_of_credits', uncollected: '0' })
  expect(Number(record.charged)).toBeLessThanOrEqual(1)
  expect(await spentOf(id)).toBe(record.charged)
})

test('a limit that is raised, or taken away, lets its key go on at once', async () => {
  const { customer, id, key } = await limitedKey('0.05')
  const change = (spend_limit: string | null) => one.admin('PATCH', `/keys/${id}`, { spend_limit })
  expect((await send(two, key)).code).toBe('spend_limit_reached')
  await change('0.4')
  await eventually(async () => (await send(two, key)).status === 200 || undefined)
  await nothingHeld(one, customer)
  await change('0.06')
  await eventually(async () => (await send(two, key)).code === 'spend_limit_reached' || undefined)
  await change(null)
  await eventually(async () => (await send(two, key)).status === 200 || undefined)
})

test('what a key has spent before it was limited counts, of its own charges only', async () => {
  const customer = await one.customer('1000')
  const { id, key } = await newKey(one, customer.accountId)
  for (const which of [key, key, customer.key]) await send(one, which)
  await nothingHeld(one, customer)
  const { body } = await one.admin('PATCH', `/keys/${id}`, {
    spend_limit: '0.15',
    spend_period: 'month',
  })
  expect(body).toMatchObject({ spend_limit: '0.15', spent: String(2 * COST) })
  await eventually(async () => (await send(two, key)).code === 'spend_limit_reached' || undefined)
})

test.for(['day', 'month'] as const)('a new %s begins with nothing spent', async (period) => {
  const { customer, id, key } = await limitedKey('0.2', period)
  for (let i = 0; i < 2; i += 1) {
    await send(one, key)
    await nothingHeld(one, customer)
  }
  expect((await send(one, key)).code).toBe('spend_limit_reached')
  await one.sql`
    update key_spends set since = since - ${`1 ${period}`}::interval where key_id = ${id.slice(4)}`
  expect(await spentOf(id)).toBe('0')
  expect((await send(two, key)).status).toBe(200)
  await nothingHeld(one, customer)
  expect(await spentOf(id)).toBe(String(COST))
})
