import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ask, KINDS } from './expect-failure.ts'

const PRICE = { provider: 'acme', model: 'sandbox-echo', input: '2.5', output: '10' }

let proxy: Tollkeeper
let unknown: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy({ env: { OPENAI_CUSTOM_PROVIDER_NAME: 'acme' } })
  const { databaseUrl, sandbox } = proxy
  const env = { OPENAI_CUSTOM_PROVIDER_NAME: 'never priced' }
  unknown = await startProxy({ databaseUrl, sandbox, env })
  expect((await proxy.admin('POST', '/prices', PRICE)).status).toBe(201)
  await unknown.app.database.reloadCatalogue()
})
afterAll(async () => {
  await unknown.close()
  await proxy.close()
})

async function chargeOf(by: Tollkeeper, body: object) {
  const { key, accountId } = await by.customer('100')
  const response = await by.chat(key, body)
  const text = await response.text()
  expect(response.status, text).toBe(200)
  const record = await by.settled(response.headers.get('x-request-id') as string)
  expect(record).toMatchObject({ state: 'settled', outcome: 'completed', error: null })
  const { posted, held } = (await by.admin('GET', `/accounts/${accountId}`)).body
  expect(held).toBe('0')
  return { ...record, posted }
}

test.each(KINDS)(
  '%s by a provider that is not in the price table costs the fallback',
  async (_, stream) => {
    const record = await chargeOf(unknown, ask('sandbox-echo', stream))
    expect(record).toMatchObject({ provider: 'never priced', price_id: null, charged: '0.08' })
    expect(record.posted).toBe('99.92')
  },
)

test.each(KINDS)('%s for a model without a price costs the fallback', async (_, stream) => {
  const record = await chargeOf(proxy, ask('a-model-nobody-priced', stream))
  expect(record).toMatchObject({ provider: 'acme', price_id: null, charged: '0.08' })
  expect(record.posted).toBe('99.92')
})

test.each(KINDS)('%s for a priced model costs exactly its price', async (_, stream) => {
  const sandbox = { prompt_tokens: 1_234, completion_tokens: 567 }
  const record = await chargeOf(proxy, ask('sandbox-echo', stream, { sandbox }))
  // 1,234 x $2.5 / 1M + 567 x $10 / 1M = $0.008755, at 1,000 credits a dollar
  expect(record).toMatchObject({ prompt_tokens: 1_234, completion_tokens: 567, charged: '8.755' })
  expect(record.price_id).toEqual(expect.any(String))
  expect(record.posted).toBe('91.245')
})

test('a cost below a micro-credit is rounded up, once a request', async () => {
  const price = { provider: 'acme', model: 'cheap', input: '0.0001', output: '0.0001' }
  expect((await proxy.admin('POST', '/prices', price)).status).toBe(201)
  const sandbox = { prompt_tokens: 3, completion_tokens: 8 }
  // 11 tokens x 0.0001 USD / 1M x 1,000 credits = 1.1 micro-credits
  const record = await chargeOf(proxy, ask('cheap', false, { sandbox }))
  expect(record).toMatchObject({ charged: '0.000002', posted: '99.999998' })
})

test('the fallback multiplier of the environment is credits per 1,000 tokens', async () => {
  const { databaseUrl, sandbox } = proxy
  const env = { OPENAI_CUSTOM_CREDIT_MULTIPLIER: '2.5' }
  const other = await startProxy({ databaseUrl, sandbox, env })
  const record = await chargeOf(other, ask('a-model-nobody-priced', true))
  expect(record).toMatchObject({ prompt_tokens: 4, completion_tokens: 4, charged: '0.02' })
  await other.close()
})
