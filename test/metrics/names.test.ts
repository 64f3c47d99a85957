import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Catalogue } from '../../src/store/catalogue.ts'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { finish, scrape } from './scrape.ts'

const CHARGED = 'tollkeeper_charged_microcredits_total'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy({ env: { UPSTREAM_ALLOW_CIDRS: '127.0.0.0/8' } })
})
afterAll(() => proxy.close())

/** Waits until the proxy has heard of what was entered. */
const catalogued = (check: (catalogue: Catalogue) => boolean) =>
  eventually(() => check(proxy.app.database.catalogue()) || undefined)

test('a model has its name on the metrics when it has an entry or a price', async () => {
  const { key } = await proxy.customer('1000')
  await proxy.admin('PUT', '/models/listed', {})
  const price = { provider: 'openai', model: 'priced', input: '1', output: '1' }
  await proxy.admin('POST', '/prices', price)
  await catalogued(({ models, priceAt }) => {
    return models.has('listed') && priceAt('openai', 'priced', new Date()) !== null
  })
  for (const model of ['listed', 'priced', 'made-up-1', 'made-up-2']) {
    await finish(proxy, key, { model, stream: true })
  }
  const metrics = await scrape(proxy)
  expect(metrics.of(CHARGED)).toEqual([
    { provider: 'openai', model: 'listed', value: 60_000 },
    { provider: 'openai', model: 'priced', value: 6_000 },
    { provider: 'openai', model: 'other', value: 120_000 },
  ])
  expect(metrics.text).not.toContain('made-up')
})

test('a name that only a rule of imported prices fits has the name of their model', async () => {
  const { key } = await proxy.customer('1000')
  await proxy.admin('POST', '/prices/import', { provider: 'openai', apply: true })
  const names = ['computer-use-invented-1', 'computer-use-invented-2']
  await catalogued(({ priceAt }) => priceAt('openai', names[0] as string, new Date()) !== null)
  for (const model of names) await finish(proxy, key, { model, stream: true })
  const metrics = await scrape(proxy)
  expect(metrics.of('tollkeeper_time_to_first_token_seconds_count')).toContainEqual({
    provider: 'openai',
    model: 'computer-use',
    value: names.length,
  })
  expect(metrics.text).not.toContain('invented')
})

test('a provider of the database has its name on the metrics', async () => {
  const { key } = await proxy.customer('1000')
  const route = { provider: 'second', upstream_model: 'sandbox-echo' }
  await proxy.admin('PUT', '/providers/second', { base_url: proxy.sandbox.url })
  await proxy.admin('PUT', '/models/routed', { routes: [route] })
  await catalogued(({ models }) => models.get('routed')?.routes.length === 1)
  await finish(proxy, key, { model: 'routed', stream: true })
  const metrics = await scrape(proxy)
  expect(metrics.of(CHARGED, { model: 'routed' })).toMatchObject([{ provider: 'second' }])
})

test('no id of an account, key or request is on the metrics', async () => {
  const { key, keyId, accountId } = await proxy.customer('1000')
  const requestId = await finish(proxy, key, { model: 'sandbox-echo', stream: true })
  const { text } = await scrape(proxy)
  for (const secret of [key, keyId.slice(4), accountId.slice(4), requestId]) {
    expect(text).not.toContain(secret)
  }
  expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-7/)
})
