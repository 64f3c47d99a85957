import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts'
import {
  type Customer,
  eventually,
  startProxy,
  type Proxy as Tollkeeper,
} from '../harness/proxy.ts'
import { UPSTREAM_KEY } from '../harness/secrets.ts'
import { ask, LOOPBACK, PROVIDER_KEY, putModel, putProvider, say } from './setup.ts'

const PUBLIC = 'house/"fast": ü'
const UPSTREAM = 'acme-large-2026'
const KINDS = [
  ['a stream', true],
  ['a plain request', false],
] as const

let acme: Sandbox
let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  acme = await startSandbox()
  proxy = await startProxy({ env: LOOPBACK })
  await putProvider(proxy, 'acme', acme)
  await putProvider(proxy, 'keyless', acme, null)
  customer = await proxy.customer('1000')
})
beforeEach(() => putModel(proxy, PUBLIC, [{ provider: 'acme', upstream_model: UPSTREAM }]))
afterAll(async () => {
  await proxy.close()
  await acme.close()
})

test.for(KINDS)(
  "%s for a routed model goes to its provider, by the provider's name for it",
  async ([, stream]) => {
    const upstreams = { acme, environment: proxy.sandbox }
    const { status, id, asked } = await ask(proxy, customer.key, say(PUBLIC, { stream }), upstreams)
    expect([status, asked]).toEqual([200, ['acme']])
    const call = acme.calls.get(id)
    expect(call).toMatchObject({ model: UPSTREAM, stream, authorization: `Bearer ${PROVIDER_KEY}` })
    expect(call?.body).not.toContain(PUBLIC)
    expect(JSON.stringify(call)).not.toContain(customer.key)
  },
)

test.for(KINDS)(
  '%s is sent upstream as its client wrote it, but for the name',
  async ([, stream]) => {
    const options = stream ? '"stream_options": {"include_usage": true},' : ''
    const body = `{ "temperature": 0.10, "messages":[{"role":"user","content":"\\u0048i"}],
    "stream": ${stream}, ${options}
    "model" : ${JSON.stringify(PUBLIC)}, "x": 1e2 }`
    const response = await proxy.chat(customer.key, null, { body })
    expect(response.status, await response.text()).toBe(200)
    const call = acme.calls.get(response.headers.get('x-request-id') as string)
    expect(call?.body).toBe(body.replace(JSON.stringify(PUBLIC), JSON.stringify(UPSTREAM)))
  },
)

test('a provider without a key is sent none, least of all that of the environment', async () => {
  await putModel(proxy, PUBLIC, [{ provider: 'keyless' }])
  const { status, id } = await ask(proxy, customer.key, say(PUBLIC), { acme })
  expect(status).toBe(200)
  expect(acme.calls.get(id)?.authorization).toBeNull()
  expect(JSON.stringify(acme.calls.get(id)?.headers)).not.toContain(UPSTREAM_KEY)
})

test('a provider with another key from now on is sent that', async () => {
  await proxy.admin('PUT', '/providers/rotated', { base_url: acme.url, api_key: 'canary-before' })
  await putModel(proxy, 'rotated', [{ provider: 'rotated' }])
  await proxy.admin('PUT', '/providers/rotated', { base_url: acme.url, api_key: 'canary-after' })
  await eventually(async () => {
    const { id } = await ask(proxy, customer.key, say('rotated'), { acme })
    return acme.calls.get(id)?.authorization === 'Bearer canary-after' || undefined
  })
})

test('a provider is asked below the path of its base URL, with the query of that', async () => {
  const paths: string[] = []
  const server = createServer((request, response) => {
    paths.push(request.url ?? '')
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"choices":[{}]}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await putProvider(proxy, 'odd', { url: `http://127.0.0.1:${port}/openai/v9/?api-version=1` })
  await putModel(proxy, 'odd', [{ provider: 'odd' }])
  const { status, text } = await ask(proxy, customer.key, say('odd'), {})
  expect(status, text).toBe(200)
  expect(paths).toEqual(['/openai/v9/chat/completions?api-version=1'])
  server.closeAllConnections()
  server.close()
})
