import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'

const KEY = 'canary-provider-key-0123456789'
const OLD = 'canary-secret-key-old'
const NEW = 'canary-secret-key-new'
const body = { model: 'routed', messages: [{ role: 'user', content: 'Hello' }] }

let upstream: Sandbox
let first: Tollkeeper
let customer: Customer
const proxies: Tollkeeper[] = []
beforeAll(async () => {
  upstream = await startSandbox()
  first = await startProxy({ env: { UPSTREAM_ALLOW_CIDRS: '127.0.0.0/8', SECRET_KEY: OLD } })
  proxies.push(first)
  await first.admin('PUT', '/providers/acme', { base_url: upstream.url, api_key: KEY })
  await first.admin('PUT', '/models/routed', { routes: [{ provider: 'acme' }] })
  customer = await first.customer('1000')
})
afterAll(async () => {
  for (const proxy of proxies.toReversed()) await proxy.close()
  await upstream.close()
})

/** An instance on the same database, with another SECRET_KEY. */
async function restartedWith(secretKey: string): Promise<Tollkeeper> {
  const env = { UPSTREAM_ALLOW_CIDRS: '127.0.0.0/8', SECRET_KEY: secretKey }
  const { databaseUrl, sandbox } = first
  const proxy = await startProxy({ databaseUrl, sandbox, env })
  proxies.push(proxy)
  return proxy
}

/** What the upstream was sent as its key. */
async function keySentBy(proxy: Tollkeeper, key = customer.key): Promise<string | null> {
  const response = await proxy.chat(key, body)
  expect(response.status, await response.text()).toBe(200)
  const id = response.headers.get('x-request-id') as string
  return upstream.calls.get(id)?.authorization ?? null
}

test('the keys of providers and customers outlive a rotation of SECRET_KEY', async () => {
  const rotated = await restartedWith(`${NEW},${OLD}`)
  expect(await keySentBy(rotated)).toBe(`Bearer ${KEY}`)

  await rotated.admin('PUT', '/providers/acme', { base_url: upstream.url, api_key: `${KEY}-2` })
  const newcomer = await rotated.customer('1000')
  const after = await restartedWith(NEW)
  expect(await keySentBy(after, newcomer.key)).toBe(`Bearer ${KEY}-2`)
  expect((await after.chat(customer.key, body)).status).toBe(401) // its hash was under the old one
})

test('a provider key that no secret opens fails its requests alone, and says why', async () => {
  const env = { base_url: upstream.url, api_key: KEY }
  await first.admin('PUT', '/providers/sealed', env)
  await first.admin('PUT', '/models/sealed', { routes: [{ provider: 'sealed' }] })
  const stranger = await restartedWith('canary-secret-key-of-a-stranger')
  const { key, accountId } = await stranger.customer('1000')
  const response = await stranger.chat(key, { ...body, model: 'sealed' })
  expect(response.status).toBe(502)
  expect(response.headers.get('x-should-retry')).toBe('false')
  const answer = await response.text()
  expect(JSON.parse(answer).error.code).toBe('upstream_misconfigured')
  expect(answer).not.toContain('SECRET_KEY')

  const record = await stranger.settled(response.headers.get('x-request-id') as string)
  expect(record).toMatchObject({ outcome: 'refused', status: 502, charged: '0' })
  expect(record.error.causes.join()).toMatch(/sealed.*SECRET_KEY/)
  const account = await stranger.admin('GET', `/accounts/${accountId}`)
  expect(account.body).toMatchObject({ posted: '1000', held: '0' })
  expect((await stranger.chat(key, { ...body, model: 'sandbox-echo' })).status).toBe(200)
})
