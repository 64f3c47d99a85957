import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { setSlice } from '../money/setup.ts'
import { finish, type Scrape, scrape } from './scrape.ts'

const CHAT = '/v1/chat/completions'
const USAGE = {
  prompt_tokens: 10,
  completion_tokens: 8,
  total_tokens: 18,
  prompt_tokens_details: { cached_tokens: 4 },
  completion_tokens_details: { reasoning_tokens: 5 },
}

let proxy: Tollkeeper
let metrics: Scrape
beforeAll(async () => {
  proxy = await startProxy()
  const { key } = await proxy.customer('1000')
  const poor = await proxy.customer('0.001')
  await finish(proxy, key, { model: 'sandbox-echo', stream: true })
  await finish(proxy, key, { model: 'sandbox-echo' })
  await finish(proxy, key, { model: 'sandbox-no-usage', stream: true })
  await finish(proxy, key, { model: 'sandbox-echo', stream: true, sandbox: { usage: USAGE } })
  await finish(proxy, key, { model: 'sandbox-error-500', stream: true })
  await finish(proxy, key, { model: 'sandbox-error-429' })
  await finish(proxy, key, { model: 'sandbox-error-midstream', stream: true })
  await finish(proxy, poor.key, { model: 'sandbox-echo', stream: true })
  await finish(proxy, 'not-a-key', { model: 'sandbox-echo' })
  const unknown = await fetch(`${proxy.origin}/wp-login.php?id=1`)
  await proxy.logOf(unknown.headers.get('x-request-id') as string)
  metrics = await scrape(proxy)
})
afterAll(() => proxy.close())

test('requests are counted by endpoint, status and outcome, each once', () => {
  const counted = metrics.of('tollkeeper_requests_total', { endpoint: CHAT })
  const counts = counted.map(({ status, outcome, value }) => `${status} ${outcome}: ${value}`)
  expect(counts.sort()).toEqual([
    '200 completed: 4',
    '200 upstream_broken: 1',
    '401 refused: 1',
    '402 refused: 1',
    '429 upstream_error: 1',
    '502 upstream_error: 1',
  ])
})

test('a path without a route is counted without its name', () => {
  expect(metrics.of('tollkeeper_requests_total', { endpoint: 'other' })).toEqual([
    { endpoint: 'other', status: '404', outcome: 'refused', value: 1 },
  ])
  expect(metrics.text).not.toContain('wp-login')
})

test('tokens are counted once, by the class of their price and who counted them', () => {
  const counted = metrics.of('tollkeeper_tokens_total')
  const counts = counted.map((one) => `${one.usage_source} ${one.class}: ${one.value}`)
  expect(counts.sort()).toEqual([
    'estimated input: 6',
    'estimated output: 6',
    'reported cached_input: 4',
    'reported input: 12',
    'reported output: 9',
    'reported reasoning: 5',
  ])
})

test('the micro-credits charged are those of the ledger', async () => {
  const [ledger] = await proxy.sql<{ charged: number }[]>`
    select -sum(amount)::float8 as charged from ledger where kind = 'charge'`
  expect(metrics.sum('tollkeeper_charged_microcredits_total')).toBe(ledger?.charged)
  expect(ledger?.charged).toBeGreaterThan(300_000)
  expect(metrics.sum('tollkeeper_uncollected_microcredits_total')).toBe(0)
})

test('every request has a duration, and every answer that began a time to its first token', () => {
  expect(metrics.sum('tollkeeper_request_duration_seconds_count', { endpoint: CHAT })).toBe(9)
  expect(metrics.sum('tollkeeper_time_to_first_token_seconds_count')).toBe(5)
})

test('failures of an upstream are counted by their code, refusals of our own are not', () => {
  expect(metrics.of('tollkeeper_upstream_failures_total')).toEqual([
    { provider: 'openai', code: 'upstream_error', value: 2 },
    { provider: 'openai', code: 'rate_limit_exceeded', value: 1 },
  ])
})

test('cost above the balance is counted as uncollected', async () => {
  const { key } = await proxy.customer('10')
  await finish(proxy, key, {
    model: 'sandbox-echo',
    max_tokens: 10,
    sandbox: { usage: { prompt_tokens: 10, completion_tokens: 5_000, total_tokens: 5_010 } },
  })
  const after = await scrape(proxy)
  expect(after.sum('tollkeeper_uncollected_microcredits_total')).toBe(40_100_000)
})

test('a stream that runs out of credits is no failure of its upstream', async () => {
  await setSlice(proxy, 32)
  const { key } = await proxy.customer('1') // 100 tokens
  await finish(proxy, key, {
    model: 'sandbox-echo',
    stream: true,
    sandbox: { reply_chars: 4_000, delay_ms: 2 },
  })
  const after = await scrape(proxy)
  expect(after.sum('tollkeeper_requests_total', { outcome: 'out_of_credits' })).toBe(1)
  expect(after.sum('tollkeeper_upstream_failures_total')).toBe(3)
})
