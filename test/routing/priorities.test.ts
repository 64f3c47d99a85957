import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ask, LOOPBACK, putModel, putProvider, type Route, say } from './setup.ts'

let proxy: Tollkeeper
let customer: Customer
const upstreams: Record<string, Sandbox> = {}
beforeAll(async () => {
  proxy = await startProxy({ env: LOOPBACK })
  for (const name of ['acme', 'beta', 'gamma']) {
    const upstream = await startSandbox()
    upstreams[name] = upstream
    await putProvider(proxy, name, upstream)
  }
  customer = await proxy.customer('1000')
})
afterAll(async () => {
  await proxy.close()
  for (const upstream of Object.values(upstreams)) await upstream.close()
})

/** How many of so many requests each provider was sent. */
async function share(requests: number, routes: Route[]): Promise<Record<string, number>> {
  await putModel(proxy, 'm', routes)
  const asked: string[] = []
  for (let i = 0; i < requests; i += 1) {
    const answer = await ask(proxy, customer.key, say('m'), upstreams)
    expect(answer.status).toBe(200)
    asked.push(...answer.asked)
  }
  const counts = asked.map((name) => [name, asked.filter((one) => one === name).length])
  return Object.fromEntries(counts)
}

test('the route with the lowest priority number serves all requests', async () => {
  const first = await share(30, [
    { provider: 'acme', priority: 2, weight: 1_000_000 },
    { provider: 'beta', priority: 1 },
    { provider: 'gamma', priority: 1_000, weight: 1_000_000 },
  ])
  expect(first).toEqual({ beta: 30 })
})

test('routes of one priority share the requests by weight', async () => {
  const shared = await share(120, [
    { provider: 'acme', weight: 1_000_000 },
    { provider: 'beta', weight: 1_000_000 },
    { provider: 'gamma', weight: 1 },
  ])
  const { acme = 0, beta = 0, gamma = 0 } = shared
  expect(acme + beta + gamma).toBe(120)
  // a share this uneven, or three of gamma's, comes up in fewer than one of 10^12 runs
  expect(Math.min(acme, beta)).toBeGreaterThan(15)
  expect(gamma).toBeLessThan(3)
})
