import { afterEach, beforeEach, expect, test } from 'vitest'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { finish, scrape } from './scrape.ts'

const ITEMS = 'tollkeeper_lane_batch_size_sum'
const CALLS = 'tollkeeper_lane_batch_size_count'
const FAILURES = 'tollkeeper_lane_call_failures_total'

let proxy: Tollkeeper
beforeEach(async () => {
  proxy = await startProxy()
})
afterEach(() => proxy.close())

const times = <T>(count: number, make: () => Promise<T>) =>
  Promise.all(Array.from({ length: count }, make))

test('the batch sizes of a lane sum up to what went through it', async () => {
  const { key } = await proxy.customer('1000')
  const poor = await proxy.customer('0.001')
  await times(20, () => finish(proxy, key, { model: 'sandbox-echo', stream: true }))
  await times(3, () => finish(proxy, poor.key, { model: 'sandbox-echo', max_tokens: 5 }))
  const metrics = await eventually(async () => {
    const now = await scrape(proxy)
    return now.sum(ITEMS, { lane: 'records' }) === 3 ? now : undefined
  })
  expect(metrics.sum(ITEMS, { lane: 'settle' })).toBe(20)
  expect(metrics.sum(ITEMS, { lane: 'reserve' })).toBeGreaterThanOrEqual(23)
  expect(metrics.sum(ITEMS, { lane: 'extend' })).toBe(0)
  expect(metrics.sum(CALLS, { lane: 'settle' })).toBeLessThanOrEqual(20)
  for (const lane of ['keys', 'reserve', 'extend', 'settle', 'records']) {
    const timed = metrics.sum('tollkeeper_lane_call_duration_seconds_count', { lane })
    expect(timed).toBe(metrics.sum(CALLS, { lane }))
    expect(metrics.of(FAILURES, { lane })).toEqual([{ lane, value: 0 }])
    expect(metrics.of('tollkeeper_lane_queue_depth', { lane })).toEqual([{ lane, value: 0 }])
  }
})

test('settlements that Postgres does not take are shown to wait, and counted once', async () => {
  const { key } = await proxy.customer('1000')
  await proxy.sql`alter function settle_v3 rename to settle_v3_away`
  const body = { model: 'sandbox-echo', messages: [{ role: 'user', content: 'Hello there' }] }
  await (await proxy.chat(key, body)).text()
  await eventually(async () => (await scrape(proxy)).sum(FAILURES, { lane: 'settle' }) >= 2)
  const during = await scrape(proxy)
  expect(during.sum('tollkeeper_settlements_waiting')).toBe(1)
  expect(during.sum('tollkeeper_charged_microcredits_total')).toBe(0)
  await proxy.sql`alter function settle_v3_away rename to settle_v3`
  const after = await eventually(async () => {
    const now = await scrape(proxy)
    return now.sum('tollkeeper_settlements_waiting') === 0 ? now : undefined
  })
  expect(after.sum('tollkeeper_charged_microcredits_total')).toBe(60_000)
})

test('a record of a refused request that is lost is counted as dropped', async () => {
  const { key } = await proxy.customer('0.001')
  await proxy.sql`alter function record_v1 rename to record_v1_away`
  await finish(proxy, key, { model: 'sandbox-echo', stream: true })
  const metrics = await eventually(async () => {
    const now = await scrape(proxy)
    return now.sum('tollkeeper_records_dropped_total') > 0 ? now : undefined
  })
  expect(metrics.sum('tollkeeper_records_dropped_total')).toBe(1)
  expect(metrics.sum(FAILURES, { lane: 'records' })).toBe(2) // it was tried twice
})
