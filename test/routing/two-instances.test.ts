import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ask, LOOPBACK, say } from './setup.ts'

/** Less than the time between two readings of everything, so that all changes were told. */
const TOLD_MS = 9_000

let one: Tollkeeper
let two: Tollkeeper
let customer: Customer
const upstreams: Record<string, Sandbox> = {}
beforeAll(async () => {
  one = await startProxy({ env: LOOPBACK })
  two = await startProxy({ env: LOOPBACK, databaseUrl: one.databaseUrl, sandbox: one.sandbox })
  upstreams.environment = one.sandbox
  for (const name of ['acme', 'beta']) {
    const upstream = await startSandbox()
    upstreams[name] = upstream
    await one.admin('PUT', `/providers/${name}`, { base_url: upstream.url })
  }
  customer = await one.customer('1000')
})
afterAll(async () => {
  await two.close()
  await one.close()
  await upstreams.acme?.close()
  await upstreams.beta?.close()
})

/** Makes the changes through one instance, each when the other has done what the last one said. */
async function reaches(changes: [change: () => Promise<unknown>, serves: string][]) {
  const deadline = performance.now() + TOLD_MS
  for (const [change, serves] of changes) {
    await change()
    const timeout = Math.max(deadline - performance.now(), 1)
    await expect
      .poll(async () => (await ask(two, customer.key, say('m'), upstreams)).asked, { timeout })
      .toEqual([serves])
  }
}

const route = (...names: string[]) => {
  const routes = names.map((provider, priority) => ({ provider, priority }))
  return () => one.admin('PUT', '/models/m', { routes })
}

test('a change of routes through one instance is heard of by the other', async () => {
  await reaches([
    [route('acme'), 'acme'],
    [route('beta'), 'beta'],
    [route('acme', 'beta'), 'acme'],
    [() => one.admin('DELETE', '/models/m'), 'environment'],
    [route('beta', 'acme'), 'beta'],
  ])
})

test('a provider that moves through one instance is followed by the other', async () => {
  const moveTo = (name: string) => () =>
    one.admin('PUT', '/providers/nomad', { base_url: upstreams[name]?.url })
  await moveTo('acme')()
  await reaches([
    [route('nomad'), 'acme'],
    [moveTo('beta'), 'beta'],
    [moveTo('environment'), 'environment'],
    [moveTo('acme'), 'acme'],
  ])
})
