import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { nothingHeld } from '../money/burst.ts'
import { type Answer, limitHeaders, newKey, putTier, request, send, sendMany } from './setup.ts'

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

/** What a request of these tests draws: a prompt of 3 tokens and a limit of 10. It uses 3 and 3. */
const DRAWN = 13
const USED = 6

/** Microseconds that a token takes under a limit. */
const tokenUs = (perMinute: number) => 60_000_000 / perMinute

/** The tokens of an account's bucket when it was last drawn from or settled. */
async function tokensOf({ accountId }: { accountId: string }): Promise<number> {
  const [row] = await one.sql`select level from token_buckets where id = ${accountId.slice(4)}`
  return Number(row?.level) / 60_000_000
}

/** Lets the time of every bucket pass that so many tokens take. */
const passTime = (tokens: number, perMinute: number) =>
  one.sql`update token_buckets set at = at - ${Math.ceil(tokens * tokenUs(perMinute))}::bigint`

function expectRefused(answer: Answer, perMinute: number) {
  expect(answer).toMatchObject({ status: 429, code: 'rate_limit_exceeded', type: 'requests' })
  expect(answer.message).toMatch(/tokens a minute/)
  const seconds = Number(answer.headers.get('retry-after'))
  expect(Number.isInteger(seconds) && seconds >= 1 && seconds <= 59).toBe(true)
  expect(limitHeaders(answer, 'tokens').limit).toBe(String(perMinute))
}

test.for([true, false])(
  'a request draws what its hold covers, and gets back what it did not use (stream: %s)',
  async (stream) => {
    await putTier([one, two], `drawn-${stream}`, { tokens_per_minute: 100 })
    const customer = await one.customer('1000', { tier: `drawn-${stream}` })
    one.sandbox.hold()
    const running = send(one, customer.key, request({ stream }))
    await eventually(() => one.sandbox.waiting() === 1 || undefined)
    expect(await tokensOf(customer)).toBe(100 - DRAWN)
    one.sandbox.release()
    expect(limitHeaders(await running, 'tokens')).toEqual({
      limit: '100',
      remaining: String(100 - DRAWN),
      reset: `${Math.ceil((DRAWN * 60) / 100)}s`,
    })
    await nothingHeld(one, customer)
    const left = await tokensOf(customer)
    expect(left).toBeGreaterThanOrEqual(100 - USED)
    expect(left).toBeLessThanOrEqual(100)
  },
)

test('two instances together admit the tokens of a limit at once, and wait for the rest', async () => {
  const [perMinute, running] = [10 * DRAWN, 10]
  await putTier([one, two], 'shared', { tokens_per_minute: perMinute })
  const customer = await one.customer('1000', { tier: 'shared' })
  one.sandbox.hold()
  const { answered, all } = sendMany(3 * running, [one, two], customer.key)
  await eventually(() => one.sandbox.waiting() + answered.length === 3 * running || undefined)
  expect(one.sandbox.waiting()).toBe(running)
  for (const answer of answered) expectRefused(answer, perMinute)
  one.sandbox.release()
  const statuses = (await all).map(({ status }) => status)
  expect(statuses.filter((status) => status === 200)).toHaveLength(running)
  await nothingHeld(one, customer) // so that what they did not use is there again
  expect((await send(two, customer.key)).status).toBe(200)
})

test('a request of more tokens than the limit waits for all of them, and leaves a debt', async () => {
  await putTier([one, two], 'large', { tokens_per_minute: 50 })
  const customer = await one.customer('1000', { tier: 'large' })
  one.sandbox.hold()
  const large = send(one, customer.key, request({ max_tokens: 90 }))
  await eventually(() => one.sandbox.waiting() === 1 || undefined)
  expectRefused(await send(two, customer.key), 50)
  one.sandbox.release()
  expect(limitHeaders(await large, 'tokens')).toEqual({
    limit: '50',
    remaining: '0',
    reset: `${Math.ceil((93 * 60) / 50)}s`,
  })
  await nothingHeld(one, customer)
  const refused = await send(two, customer.key, request({ max_tokens: 90 }))
  expectRefused(refused, 50)
  const { remaining } = limitHeaders(refused, 'tokens')
  expect(Number(remaining)).toBeGreaterThanOrEqual(50 - USED)
  await passTime(USED, 50)
  expect((await send(two, customer.key, request({ max_tokens: 90 }))).status).toBe(200)
})

test('what a request uses beyond its draw is paid off before the next one', async () => {
  await putTier([one, two], 'beyond', { tokens_per_minute: 60, hold_output_tokens: 10 })
  const customer = await one.customer('1000', { tier: 'beyond' })
  const long = { stream: true, max_tokens: 1_000, sandbox: { reply_chars: 400 } }
  const from = performance.now()
  const answer = await send(one, customer.key, request(long))
  expect(limitHeaders(answer, 'tokens').remaining).toBe(String(60 - DRAWN))
  await nothingHeld(one, customer)
  const debt = -(await tokensOf(customer))
  const late = (performance.now() - from) / 1_000 // a token a second
  expect(debt).toBeGreaterThan(43 - late) // 3 and 100 tokens of 60
  expect(debt).toBeLessThanOrEqual(43)
  const refused = await send(two, customer.key)
  expectRefused(refused, 60)
  expect(limitHeaders(refused, 'tokens')).toMatchObject({ remaining: '0' })
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(debt)
  await passTime(DRAWN + debt, 60)
  expect((await send(two, customer.key)).status).toBe(200)
})

test('a key with a lower limit of tokens than its tier keeps to its own', async () => {
  await putTier([one, two], 'wide', { tokens_per_minute: 30 }) // a token in two seconds
  const { accountId, key } = await one.customer('1000', { tier: 'wide' })
  const slow = await newKey(one, accountId, { tokens_per_minute: DRAWN })
  one.sandbox.hold()
  const running = send(one, slow.key)
  await eventually(() => one.sandbox.waiting() === 1 || undefined)
  expectRefused(await send(two, slow.key), DRAWN)
  one.sandbox.release()
  expect(limitHeaders(await running, 'tokens')).toMatchObject({ limit: '13', remaining: '0' })
  const other = limitHeaders(await send(two, key), 'tokens')
  expect(other.limit).toBe('30')
  expect(Number(other.remaining)).toBeLessThan(30 - DRAWN)
})

test('a request that its upstream fails gets all its tokens back', async () => {
  await putTier([one, two], 'failed', { tokens_per_minute: 20 })
  const customer = await one.customer('1000', { tier: 'failed' })
  for (let i = 0; i < 3; i += 1) {
    const body = request({ model: 'sandbox-error-500' })
    expect((await send(one, customer.key, body)).status).toBeGreaterThanOrEqual(500)
    await nothingHeld(one, customer)
    expect(await tokensOf(customer)).toBe(20)
  }
})

test('a request that is refused for another reason leaves the tokens as they were', async () => {
  await putTier([one, two], 'first', { tokens_per_minute: 100, requests_per_minute: 1 })
  const customer = await one.customer('1000', { tier: 'first' })
  await send(one, customer.key)
  await nothingHeld(one, customer)
  const before = await tokensOf(customer)
  const refused = await send(one, customer.key)
  expect(refused).toMatchObject({ status: 429, code: 'rate_limit_exceeded' })
  expect(refused.message).toMatch(/requests a minute/)
  expect(limitHeaders(refused, 'tokens').limit).toBe('100')
  expect(await tokensOf(customer)).toBe(before)
})

test('without a limit of tokens there are no headers of one', async () => {
  const { key } = await one.customer('1000')
  const answer = await send(one, key, request({ model: 'sandbox-headers' }))
  const none = { limit: null, remaining: null, reset: null }
  expect(limitHeaders(answer, 'tokens')).toEqual(none)
})

test('a request that may use more tokens than any limit counts draws them all the same', async () => {
  await putTier([one, two], 'huge', { tokens_per_minute: 1_000_000_000 })
  const customer = await one.customer('1000', { tier: 'huge' })
  const response = await fetch(`${one.url}/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${customer.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'sandbox-echo',
      prompt: Array(2_048).fill('a'),
      n: 2,
      best_of: 8,
      max_tokens: 10_000_000,
    }),
  })
  expect({ status: response.status, body: await response.text() }).toMatchObject({ status: 200 })
})
