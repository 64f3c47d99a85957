import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { LOOPBACK } from '../routing/setup.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy({ env: LOOPBACK })
})
afterAll(() => proxy.close())

test('what the admin API has changed is in force for the next request', async () => {
  const { key } = await proxy.customer('1000')
  const messages = [{ role: 'user', content: 'Hello' }]
  for (let turn = 0; turn < 20; turn += 1) {
    const provider = `p${turn}`
    await proxy.admin('PUT', `/providers/${provider}`, { base_url: proxy.sandbox.url })
    const routes = [{ provider, upstream_model: 'sandbox-echo' }]
    await proxy.admin('PUT', '/models/m', { routes })
    const price = { provider, model: 'sandbox-echo', input: '1', output: '1' }
    const { body } = await proxy.admin('POST', '/prices', price)
    const response = await proxy.chat(key, { model: 'm', messages })
    await response.text()
    const id = response.headers.get('x-request-id') as string
    expect(await proxy.settled(id)).toMatchObject({ provider, price_id: body.id })
  }
})
