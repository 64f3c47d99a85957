import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { LOOPBACK, PROVIDER_KEY, putModel } from '../routing/setup.ts'

const STATUSES = [301, 302, 303, 307, 308]
const ask = { messages: [{ role: 'user', content: 'Hi' }], max_tokens: 5 }

/** The calls that a customer can make, each to a model that is redirected. */
const CALLS = [
  ['/chat/completions', { ...ask, model: 'openai' }],
  ['/chat/completions', { ...ask, model: 'openai', stream: true }],
  ['/chat/completions', { ...ask, model: 'keyless' }],
  ['/embeddings', { model: 'openai', input: 'Hi' }],
  ['/messages', { ...ask, model: 'anthropic' }],
  ['/messages', { ...ask, model: 'anthropic', stream: true }],
] as const

/** Where redirects lead: nothing may ever arrive there. */
let elsewhere: Server
/** What arrived there. */
const arrived: string[] = []
/** The upstream, and what it was asked. */
let upstream: Server
const asked: string[] = []
let status = 302
let proxy: Tollkeeper
let customer: Customer

const listen = async (server: Server) => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
}

beforeAll(async () => {
  elsewhere = createServer((request, response) => {
    arrived.push(`${request.url} ${request.headers.authorization}`)
    response.end('{"data":[{"id":"model-of-elsewhere"}],"choices":[]}')
  })
  const location = await listen(elsewhere)
  upstream = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    const body = '{"data":[{"id":"model-of-a-redirect"}],"choices":[]}'
    response.writeHead(status, { location: location + request.url }).end(body)
  })
  const base_url = await listen(upstream)
  const env = { ...LOOPBACK, OPENAI_BASE_URL: base_url }
  proxy = await startProxy({ env })
  for (const [name, more] of Object.entries({
    openai2: { api_key: PROVIDER_KEY },
    keyless: {},
    anthropic: { api_key: PROVIDER_KEY, profile: { api: 'anthropic' } },
  })) {
    await proxy.admin('PUT', `/providers/${name}`, { base_url, ...more })
  }
  await putModel(proxy, 'openai', [{ provider: 'openai2' }])
  await putModel(proxy, 'keyless', [{ provider: 'keyless' }])
  await putModel(proxy, 'anthropic', [{ provider: 'anthropic' }])
  customer = await proxy.customer('1000')
})
beforeEach(() => {
  arrived.length = 0
  asked.length = 0
})
afterAll(async () => {
  await proxy.close()
  elsewhere.close()
  upstream.close()
})

const get = (path: string) =>
  fetch(`${proxy.url}${path}`, { headers: { authorization: `Bearer ${customer.key}` } })

test.for(STATUSES.flatMap((code) => CALLS.map(([path, body]) => ({ code, path, body }))))(
  'a redirect $code of POST $path is not followed, and is a 502 ($body.model)',
  async ({ code, path, body }) => {
    status = code
    const response = await fetch(`${proxy.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${customer.key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    expect(response.status, await response.text()).toBe(502)
    expect(response.headers.get('location')).toBeNull()
    expect(asked).toHaveLength(1)
    expect(arrived).toEqual([])
    const record = await proxy.settled(response.headers.get('x-request-id') as string)
    expect(record).toMatchObject({ charged: '0' })
    expect(record.error.causes.join()).toContain(String(code))
  },
)

test('a redirect of the list of models is not followed, and lists nothing', async () => {
  const { data } = JSON.parse(await (await get('/models')).text())
  expect(asked).toEqual(['GET /v1/models'])
  expect(arrived).toEqual([])
  expect(data.map(({ id }: { id: string }) => id)).not.toContain('model-of-elsewhere')
  expect(data.map(({ id }: { id: string }) => id)).not.toContain('model-of-a-redirect')
})

test.for(['openai2', 'keyless'])(
  'a redirect that the doctor meets at %s is not followed',
  async (provider) => {
    const { status: code, body } = await proxy.admin('POST', '/doctor', { provider, model: 'm' })
    expect([code, body.usable]).toEqual([200, false])
    expect(asked.length).toBeGreaterThan(0)
    expect(arrived).toEqual([])
  },
)
