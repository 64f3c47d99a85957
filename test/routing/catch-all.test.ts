import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts'
import {
  type Customer,
  eventually,
  startProxy,
  type Proxy as Tollkeeper,
} from '../harness/proxy.ts'
import { UPSTREAM_KEY } from '../harness/secrets.ts'
import { ask, LOOPBACK, putModel, putProvider, say } from './setup.ts'

let acme: Sandbox
let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  acme = await startSandbox()
  proxy = await startProxy({ env: LOOPBACK })
  await putProvider(proxy, 'acme', acme)
  await putModel(proxy, 'routed', [{ provider: 'acme', upstream_model: 'large' }])
  customer = await proxy.customer('1000')
})
afterAll(async () => {
  await proxy.close()
  await acme.close()
})

const send = (model: string) =>
  ask(proxy, customer.key, say(model), { acme, environment: proxy.sandbox })

test.for(['anything', 'routed-2', 'Routed', 'route', 'large', 'acme/routed', 'constructor'])(
  'the model %s, which no route names, goes to the provider of the environment',
  async (model) => {
    const { status, id, asked, text } = await send(model)
    expect([status, asked]).toEqual([200, ['environment']])
    expect(JSON.parse(text).model).toBe(model)
    expect(proxy.sandbox.calls.get(id)).toMatchObject({
      model,
      authorization: `Bearer ${UPSTREAM_KEY}`,
    })
    const base_url = proxy.sandbox.url
    const route = { provider: 'openai', base_url, model, upstream_model: model }
    expect(await proxy.settled(id)).toMatchObject(route)
  },
)

test('a known model without routes goes to the provider of the environment', async () => {
  await putModel(proxy, 'bare', [])
  expect((await send('bare')).asked).toEqual(['environment'])
})

test('a model goes there again when its routes are gone, or it is', async () => {
  await putModel(proxy, 'brief', [{ provider: 'acme' }])
  expect((await send('brief')).asked).toEqual(['acme'])
  await putModel(proxy, 'brief', [])
  expect((await send('brief')).asked).toEqual(['environment'])
  await putModel(proxy, 'brief', [{ provider: 'acme' }])
  await proxy.admin('DELETE', '/models/brief')
  await eventually(() => !proxy.app.database.catalogue().models.has('brief') || undefined)
  expect((await send('brief')).asked).toEqual(['environment'])
})

test('a routed model whose provider can not be found is served by nobody else', async () => {
  await putModel(proxy, 'orphan', [{ provider: 'acme' }])
  await proxy.sql`alter table routes drop constraint routes_provider_providers_name_fk`
  await proxy.sql`update routes set provider = 'nobody' where model = 'orphan'`
  await eventually(() => {
    const route = proxy.app.database.catalogue().models.get('orphan')?.routes[0]
    return route?.provider === 'nobody' || undefined
  })
  const { status, id, asked } = await send('orphan')
  expect([status, asked]).toEqual([500, []])
  const record = await proxy.settled(id)
  expect(record).toMatchObject({ outcome: 'refused', charged: '0', hold: '0' })
  expect(record.error.causes.join()).toContain('nobody')
})
