import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { all, client, SDKS } from './sdks.ts'

const NAMED = 'acme/llama 3:free'

let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  proxy = await startProxy()
  customer = await proxy.customer('0')
  const path = `/models/${encodeURIComponent(NAMED)}`
  const put = await proxy.admin('PUT', path, { max_output_tokens: 100 })
  expect(put.status, JSON.stringify(put.body)).toBeLessThan(300)
})
afterAll(() => proxy.close())

describe.each(SDKS)('with %s', (_name, Sdk) => {
  const openai = () => client(Sdk, proxy, customer.key)

  test('the models of the upstream and of the operator are listed, also without credits', async () => {
    const models = await all(await openai().models.list())
    const ids = models.map((model) => model.id)
    expect(ids).toEqual(expect.arrayContaining(['sandbox-echo', 'sandbox-tool-call', NAMED]))
    expect(new Set(ids).size).toBe(ids.length)
    for (const model of models) {
      expect(model).toEqual({
        id: expect.any(String),
        object: 'model',
        created: expect.any(Number),
        owned_by: 'openai',
      })
    }
  })

  test.each(['sandbox-echo', NAMED])('one model is retrieved: %s', async (id) => {
    expect(await openai().models.retrieve(id)).toMatchObject({ id, object: 'model' })
  })

  test('a model that is not listed is a NotFoundError', async () => {
    const missing = openai().models.retrieve('nobody/has-this')
    await expect(missing).rejects.toBeInstanceOf(Sdk.NotFoundError)
    await expect(missing).rejects.toMatchObject({ status: 404, code: 'model_not_found' })
  })
})
