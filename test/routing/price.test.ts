import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ask, LOOPBACK, putModel, putPrice, putProvider, say } from './setup.ts'

let acme: Sandbox
let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  acme = await startSandbox()
  proxy = await startProxy({ env: LOOPBACK })
  await putProvider(proxy, 'acme', acme)
  await putProvider(proxy, 'beta', acme)
  customer = await proxy.customer('1000000')
})
afterAll(async () => {
  await proxy.close()
  await acme.close()
})

/** Tokens that the sandbox counts and reports, whatever it is asked. */
const COUNTED = { prompt_tokens: 1_000, completion_tokens: 500 }

const charge = async (model: string, more = {}) => {
  const body = say(model, { sandbox: COUNTED, max_tokens: 1_000, ...more })
  const { status, id, text } = await ask(proxy, customer.key, body, { acme })
  expect(status, text).toBe(200)
  return proxy.settled(id)
}

test.for([true, false])(
  'a routed model costs what its provider takes for the model it has (stream: %s)',
  async (stream) => {
    const usd = { input: '2', output: '8' }
    const priceId = await putPrice(proxy, 'acme', `large-${stream}`, usd)
    // none of these is the price of what is bought
    const dear = { input: '1000', output: '1000' }
    await putPrice(proxy, 'acme', `fast-${stream}`, dear)
    await putPrice(proxy, 'openai', `large-${stream}`, dear)
    await putPrice(proxy, 'openai', `fast-${stream}`, dear)
    await putPrice(proxy, 'beta', `large-${stream}`, dear)
    await putModel(proxy, `fast-${stream}`, [
      { provider: 'acme', upstream_model: `large-${stream}` },
    ])
    // 1,000 x 2 + 500 x 8 USD per million are 0.006 USD; a USD is 1,000 credits
    const record = await charge(`fast-${stream}`, { stream })
    expect(record).toMatchObject({ charged: '6', uncollected: '0', price_id: priceId })
    expect(record).toMatchObject({ usage_source: 'reported', prompt_tokens: 1_000 })
  },
)

test('what is held for a routed model is at the price of its provider too', async () => {
  await putPrice(proxy, 'acme', 'held-upstream', { input: '0', output: '4' })
  await putModel(proxy, 'held', [{ provider: 'acme', upstream_model: 'held-upstream' }])
  // 1,000 tokens of output at most, at 4 USD per million, and nothing for the prompt
  expect(await charge('held')).toMatchObject({ hold: '4', charged: '2' })
})

test('a model whose provider has no price costs what any model without one does', async () => {
  await putPrice(proxy, 'openai', 'unpriced', { input: '1000', output: '1000' })
  await putModel(proxy, 'unpriced', [{ provider: 'acme' }])
  // 10 credits per 1,000 tokens
  expect(await charge('unpriced')).toMatchObject({ charged: '15', price_id: null })
})

test('each of two routes of a model costs its own price', async () => {
  await putPrice(proxy, 'acme', 'twin', { input: '1', output: '1' })
  await putPrice(proxy, 'beta', 'twin', { input: '3', output: '3' })
  await putModel(proxy, 'twin', [{ provider: 'acme' }, { provider: 'beta' }])
  const seen = new Map<string, string>()
  for (let i = 0; i < 200 && seen.size < 2; i += 1) {
    const { provider, charged } = await charge('twin')
    expect(charged).toBe(provider === 'acme' ? '1.5' : '4.5')
    seen.set(provider, charged)
  }
  expect([...seen.keys()].sort()).toEqual(['acme', 'beta'])
})

test('the markup of a tier is on a routed model too', async () => {
  await proxy.admin('PUT', '/tiers/dear', { markup: '1.5' })
  const { key } = await proxy.customer('1000', { tier: 'dear' })
  await putPrice(proxy, 'acme', 'marked', { input: '2', output: '8' })
  await putModel(proxy, 'marked', [{ provider: 'acme' }])
  const body = say('marked', { sandbox: COUNTED, max_tokens: 1_000 })
  const { id } = await ask(proxy, key, body, { acme })
  expect(await proxy.settled(id)).toMatchObject({ charged: '9' })
})
