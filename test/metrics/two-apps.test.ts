import { expect, test } from 'vitest'
import { startProxy } from '../harness/proxy.ts'
import { finish, scrape } from './scrape.ts'

test('two apps in one process count apart, and share what is of the process', async () => {
  const one = await startProxy()
  const two = await startProxy({ databaseUrl: one.databaseUrl, sandbox: one.sandbox })
  const { key } = await one.customer('1000')
  await finish(one, key, { model: 'sandbox-echo', stream: true })
  for (let calls = 0; calls < 2; calls += 1) {
    await finish(two, key, { model: 'sandbox-echo', stream: true })
  }
  const [first, second] = [await scrape(one), await scrape(two)]
  const chat = { endpoint: '/v1/chat/completions' }
  expect(first.sum('tollkeeper_requests_total', chat)).toBe(1)
  expect(second.sum('tollkeeper_requests_total', chat)).toBe(2)
  for (const metrics of [first, second]) {
    expect(metrics.of('process_start_time_seconds')).toHaveLength(1)
    expect(metrics.of('nodejs_eventloop_lag_p99_seconds')).toHaveLength(1)
  }
  await two.close()
  await one.close()
})
