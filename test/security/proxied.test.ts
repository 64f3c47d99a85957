import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setDefaultCACertificates } from 'node:tls'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { answerAsAsked, startUpstream, type Upstream } from '../relay/upstream.ts'
import { LOOPBACK, PROVIDER_KEY, putModel, say } from '../routing/setup.ts'
import { type ForwardProxy, startForwardProxy } from './forward-proxy.ts'
import { Names } from './names.ts'

const PASSWORD = 'canary-proxy-password'
const AUTHORIZATION = `Basic ${Buffer.from(`us:er:${PASSWORD}`).toString('base64')}`

const pem = (name: string) => readFileSync(new URL(`tls/${name}.pem`, import.meta.url), 'utf8')
const names = new Names()

let plain: Upstream
/** Behind TLS; what it was sent. */
let secure: Server
const secured: { headers: NodeJS.Dict<string | string[]>; body: string }[] = []
/** It ends the connection of a request instead of answering. */
let isRude = false
let forward: ForwardProxy
let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  setDefaultCACertificates([pem('cert')])
  plain = await startUpstream(answerAsAsked)
  secure = createServer({ key: pem('key'), cert: pem('cert') }, async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    secured.push({ headers: request.headers, body })
    if (isRude) return void request.socket.destroy()
    const { method = '', url: path = '', headers } = request
    answerAsAsked(response, { method, path, headers, body: Buffer.from(body), gone: false })
  })
  await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve))
  const securePort = (secure.address() as AddressInfo).port
  forward = await startForwardProxy((host) =>
    host.endsWith(':443') ? securePort : Number(new URL(plain.origin).port),
  )
  const url = `http://us%3Aer:${PASSWORD}@127.0.0.1:${forward.port}`
  proxy = await startProxy({
    env: { ...LOOPBACK, HTTPS_PROXY: url, HTTP_PROXY: url, NO_PROXY: 'direct.test' },
    resolver: names.resolver,
  })
  customer = await proxy.customer('1000')
  for (const [name, base_url] of [
    ['secure', 'https://upstream.test/v1'],
    ['plain', 'http://upstream.test:8000/v1'],
    ['stranger', 'https://stranger.test/v1'],
  ] as const) {
    await proxy.admin('PUT', `/providers/${name}`, { base_url, api_key: PROVIDER_KEY })
    await putModel(proxy, name, [{ provider: name }])
  }
})
beforeEach(() => {
  forward.asked.length = 0
  secured.length = 0
  plain.seen.length = 0
  isRude = false
  forward.refuse(null)
})
afterAll(async () => {
  await proxy.close()
  await forward.close()
  await plain.close()
  secure.closeAllConnections()
  secure.close()
})

async function call(model: string, stream: boolean) {
  const response = await proxy.chat(customer.key, say(model, { stream }))
  const text = await response.text()
  const id = response.headers.get('x-request-id') as string
  return { status: response.status, text, record: await proxy.settled(id) }
}

test('an upstream behind TLS is reached through CONNECT, and the proxy reads nothing', async () => {
  for (const stream of [true, false]) {
    const { status, text, record } = await call('secure', stream)
    expect(status, text).toBe(200)
    expect(record).toMatchObject({ outcome: 'completed', provider: 'secure' })
  }
  expect(forward.asked).toContainEqual({
    line: 'CONNECT upstream.test:443',
    authorization: AUTHORIZATION,
  })
  expect(forward.tunnelled()).not.toMatch(/Hello, wherever|authorization|canary-provider/i)
  expect(secured).toHaveLength(2)
  for (const { headers } of secured) {
    expect(headers.authorization).toBe(`Bearer ${PROVIDER_KEY}`)
    expect(headers.host).toBe('upstream.test')
    expect(Object.keys(headers).filter((name) => name.startsWith('proxy-'))).toEqual([])
  }
  expect(names.asked).toEqual([]) // it is the proxy that resolves
})

test.for([true, false])(
  'an upstream in plain HTTP is asked for by its URL (stream: %s)',
  async (stream) => {
    const { status, text } = await call('plain', stream)
    expect(status, text).toBe(200)
    const line = 'POST http://upstream.test:8000/v1/chat/completions'
    expect(forward.asked).toEqual([{ line, authorization: AUTHORIZATION }])
    expect(plain.seen[0]?.headers).toMatchObject({ host: 'upstream.test:8000' })
    expect(names.asked).toEqual([])
  },
)

test.for(['secure', 'plain'])('a proxy that refuses is a 502 that says so (%s)', async (model) => {
  await new Promise((resolve) => setTimeout(resolve, 0))
  forward.refuse(407)
  const { status, text, record } = await call(model === 'secure' ? 'stranger' : model, false)
  expect(status).toBe(502)
  expect(text).not.toContain(PASSWORD)
  expect(record).toMatchObject({ charged: '0', error: { code: 'upstream_error' } })
  expect(record.error.causes.join()).toMatch(/407/)
  expect(JSON.stringify(record)).not.toContain(PASSWORD)
})

test('a certificate is judged by the name of the upstream', async () => {
  const { status, record } = await call('stranger', false)
  expect(status).toBe(502)
  expect(record.error.causes.join()).toMatch(/stranger\.test/)
  expect(secured).toEqual([])
})

test('a request that a fresh tunnel carried is not sent again', async () => {
  const base_url = 'https://fresh.upstream.test/v1'
  await proxy.admin('PUT', '/providers/fresh', { base_url })
  await putModel(proxy, 'fresh', [{ provider: 'fresh' }])
  isRude = true
  expect((await call('fresh', false)).status).toBe(502)
  expect(secured).toHaveLength(1)
})

test('who is named in NO_PROXY, and this machine, is connected to directly', async () => {
  names.set('direct.test', ['127.0.0.1'])
  const { port } = new URL(plain.origin)
  await proxy.admin('PUT', '/providers/direct', { base_url: `http://direct.test:${port}/v1` })
  await putModel(proxy, 'direct', [{ provider: 'direct' }])
  expect((await call('direct', false)).status).toBe(200)
  expect((await call('sandbox-echo', false)).status).toBe(200)
  expect(forward.asked).toEqual([])
  expect(plain.seen).toHaveLength(1)
  expect(names.asked).toContain('direct.test')
})

test('addresses that are not allowed are refused all the same', async () => {
  for (const base_url of ['https://10.0.0.1/v1', 'http://169.254.169.254/v1']) {
    expect((await proxy.admin('PUT', '/providers/no', { base_url })).status).toBe(400)
    await proxy.sql`insert into providers (name, base_url) values ('no', ${base_url})
      on conflict (name) do update set base_url = ${base_url}`
    await putModel(proxy, 'no', [{ provider: 'no' }])
    expect((await call('no', false)).status).toBe(502)
  }
  expect(forward.asked).toEqual([])
})

test('the provider of the environment is reached through the proxy too', async () => {
  const url = `http://us%3Aer:${PASSWORD}@127.0.0.1:${forward.port}`
  const env = { OPENAI_BASE_URL: 'https://upstream.test/v1', HTTPS_PROXY: url }
  const own = await startProxy({ env })
  const { key } = await own.customer('1000')
  expect((await own.chat(key, say('m'))).status).toBe(200)
  expect(forward.asked).toMatchObject([{ line: 'CONNECT upstream.test:443' }])
  await own.close()
})
