import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectError } from '../harness/error-answer.ts'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { bearer, expectUnspent, GOOD } from './setup.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
  const limits = { models: ['sandbox-echo', 'open-*'], markup: '1' }
  expect((await proxy.admin('PUT', '/tiers/narrow', limits)).status).toBeLessThan(300)
})
afterAll(() => proxy.close())

const FORBIDDEN = {
  status: 403,
  code: 'model_not_allowed',
  type: 'invalid_request_error',
  param: 'model',
}

async function narrowKey(models: string[]) {
  const customer = await proxy.customer('100')
  const key = await proxy.admin('POST', `/accounts/${customer.accountId}/keys`, { models })
  return { ...customer, key: key.body.key }
}

test.each(['sandbox-slow', 'open', 'OPEN-1', ' sandbox-echo', 'sandbox-echo\u0000'])(
  'a model that the tier does not allow is a 403: %j',
  async (model) => {
    const customer = await proxy.customer('100', { tier: 'narrow' })
    await expectError(await proxy.chat(customer.key, { ...GOOD, model }), FORBIDDEN)
    await expectUnspent(proxy, customer)
  },
)

test.each(['sandbox-echo', 'open-weights'])('the tier allows %s by its list', async (model) => {
  const { key } = await proxy.customer('100', { tier: 'narrow' })
  const response = await proxy.chat(key, { ...GOOD, model })
  expect(response.status).toBe(200)
  await response.text()
})

test('a model that the key does not allow is a 403', async () => {
  const customer = await narrowKey(['sandbox-slow'])
  await expectError(await proxy.chat(customer.key, GOOD), FORBIDDEN)
  await expectUnspent(proxy, customer)
})

test('a model is not listed for a key that may not use it', async () => {
  const { key } = await narrowKey(['sandbox-slow'])
  const list = await fetch(`${proxy.url}/models`, { headers: bearer(key) })
  const { data } = (await list.json()) as { data: { id: string }[] }
  expect(data.map(({ id }) => id)).toEqual(['sandbox-slow'])
  const one = await fetch(`${proxy.url}/models/sandbox-echo`, { headers: bearer(key) })
  await expectError(one, { ...FORBIDDEN, status: 404, code: 'model_not_found' })
})
