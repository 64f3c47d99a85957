import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts'
import {
  type Customer,
  eventually,
  startProxy,
  type Proxy as Tollkeeper,
} from '../harness/proxy.ts'
import { UPSTREAM_KEY } from '../harness/secrets.ts'
import { ask, LOOPBACK, PROVIDER_KEY, putModel, putPrice, putProvider, say } from './setup.ts'

let acme: Sandbox
let proxy: Tollkeeper
/** An instance on the same database whose environment's provider has another name and place. */
let other: Tollkeeper
let customer: Customer
beforeAll(async () => {
  acme = await startSandbox()
  proxy = await startProxy({ env: LOOPBACK })
  const env = { ...LOOPBACK, OPENAI_CUSTOM_PROVIDER_NAME: 'azure' }
  other = await startProxy({ env, databaseUrl: proxy.databaseUrl })
  await putProvider(proxy, 'acme', acme)
  customer = await proxy.customer('1000')
})
afterAll(async () => {
  await other.close()
  await proxy.close()
  await acme.close()
})

const upstreams = () => ({ acme, environment: proxy.sandbox, other: other.sandbox })
const send = (through: Tollkeeper, model: string) =>
  ask(through, customer.key, say(model), upstreams())

test('a public model is served by another of the provider of the environment', async () => {
  await putModel(proxy, 'fast', [{ provider: 'openai', upstream_model: 'gpt-large' }])
  const { status, id, asked, text } = await send(proxy, 'fast')
  expect([status, asked]).toEqual([200, ['environment']])
  expect(JSON.parse(text).model).toBe('fast')
  const authorization = `Bearer ${UPSTREAM_KEY}`
  expect(proxy.sandbox.calls.get(id)).toMatchObject({ model: 'gpt-large', authorization })
  const route = { provider: 'openai', model: 'fast', upstream_model: 'gpt-large' }
  expect(await proxy.settled(id)).toMatchObject(route)
})

test('it is charged at the price of the model there', async () => {
  await putModel(proxy, 'priced', [{ provider: 'openai', upstream_model: 'gpt-priced' }])
  const price = await putPrice(proxy, 'openai', 'gpt-priced', { input: '100', output: '100' })
  const { id } = await send(proxy, 'priced')
  expect((await proxy.settled(id)).price_id).toBe(price)
})

test('it shares a model with providers of the database', async () => {
  const routes = [
    { provider: 'openai', upstream_model: 'shared-there', weight: 1 },
    { provider: 'acme', upstream_model: 'shared', weight: 1 },
  ]
  await putModel(proxy, 'shared', routes)
  const served = new Map<string, string>()
  for (let at = 0; at < 60 && served.size < 2; at += 1) {
    const { asked, id } = await send(proxy, 'shared')
    const [upstream = 'nobody'] = asked
    served.set(upstream, (upstream === 'acme' ? acme : proxy.sandbox).calls.get(id)?.model ?? '')
  }
  expect(Object.fromEntries(served)).toEqual({ environment: 'shared-there', acme: 'shared' })
  const { calls } = acme
  for (const call of calls.values()) expect(call.authorization).toBe(`Bearer ${PROVIDER_KEY}`)
})

test('what is read of such a model can be written again, and means the same', async () => {
  const routes = [{ provider: 'openai', upstream_model: 'gpt-same', priority: 2, weight: 3 }]
  await putModel(proxy, 'same', routes)
  const { body } = await proxy.admin('GET', '/models/same')
  expect(body.routes).toEqual(routes)
  await putModel(proxy, 'same', body.routes)
  expect((await send(proxy, 'same')).asked).toEqual(['environment'])
})

test('on an instance whose environment has another name the route is that of its own', async () => {
  await putModel(proxy, 'everywhere', [{ provider: 'openai', upstream_model: 'gpt-large' }])
  await eventually(() => other.app.database.catalogue().models.has('everywhere') || undefined)
  const { status, id, asked } = await send(other, 'everywhere')
  expect([status, asked]).toEqual([200, ['other']])
  expect(await other.settled(id)).toMatchObject({ provider: 'azure', upstream_model: 'gpt-large' })
  const { body } = await other.admin('GET', '/models/everywhere')
  expect(body.routes).toMatchObject([{ provider: 'azure' }])
})

test('nobody else may be named who is not there', async () => {
  const routes = [{ provider: 'openai' }, { provider: 'nobody' }]
  const { status, body } = await proxy.admin('PUT', '/models/broken', { routes })
  expect([status, body.error.param]).toEqual([400, 'routes'])
  const foreign = await proxy.admin('PUT', '/models/broken', { routes: [{ provider: 'azure' }] })
  expect(foreign.status).toBe(400)
})

test('a provider of the database with the same name has the routes, and is warned of', async () => {
  const base_url = acme.url
  await other.admin('PUT', '/providers/openai', { base_url, api_key: PROVIDER_KEY })
  await putModel(proxy, 'claimed', [{ provider: 'openai' }])
  expect((await send(proxy, 'claimed')).asked).toEqual(['acme'])
  expect((await send(proxy, 'not-routed')).asked).toEqual(['environment'])
  const { databaseUrl, sandbox } = proxy
  const late = await startProxy({ env: LOOPBACK, databaseUrl, sandbox })
  const warned = late.logs.find(({ provider, level }) => provider === 'openai' && level === 40)
  expect(warned?.msg).toMatch(/namesake/)
  await late.close()

  const shown = await proxy.admin('GET', '/providers/openai')
  expect(shown.body).toMatchObject({ source: 'database', base_url })
  expect((await proxy.admin('PUT', '/providers/openai', { base_url })).status).toBe(409)
  expect((await proxy.admin('DELETE', '/providers/openai')).status).toBe(409)
  await proxy.admin('DELETE', '/models/claimed')
  expect((await proxy.admin('DELETE', '/providers/openai')).status).toBe(200)
  expect((await proxy.admin('GET', '/providers/openai')).body.source).toBe('env')
})
