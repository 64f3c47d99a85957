import { Agent, get, type IncomingMessage } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'

/** Seconds for which load balancers keep an idle connection, at least. */
const BALANCER_IDLE_S = 60

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
})
afterAll(() => proxy.close())

test('an idle connection is kept longer than a load balancer keeps it', async () => {
  const agent = new Agent({ keepAlive: true })
  const { headers } = await new Promise<IncomingMessage>((resolve, reject) => {
    get(new URL('/healthz', proxy.url), { agent }, (response) => {
      response.resume().once('end', () => resolve(response))
    }).once('error', reject)
  })
  agent.destroy()
  const [, seconds] = /timeout=(\d+)/.exec(String(headers['keep-alive'])) ?? []
  expect(Number(seconds)).toBeGreaterThan(BALANCER_IDLE_S)
})
