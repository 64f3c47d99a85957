import { once } from 'node:events'
import { request } from 'node:http'
import { json } from 'node:stream/consumers'
import { OpenAI } from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { SAMPLES } from './samples.ts'

let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  proxy = await startProxy()
  customer = await proxy.customer('1000')
})
afterAll(() => proxy.close())

const ROOTS = ['', '/v1', '/v1/', '//v1', '/v1/v1', '/v1//v1/', '/v1/v1/v1']

const call = (path: string, method = 'GET', body?: object) =>
  fetch(`${proxy.origin}${path}`, {
    method,
    redirect: 'manual',
    headers: {
      authorization: `Bearer ${customer.key}`,
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  })

/** A call whose path nobody makes neat on its way. */
async function callAsItIs(path: string): Promise<{ status?: number; body: unknown }> {
  const headers = { authorization: `Bearer ${customer.key}` }
  const [response] = await once(request(proxy.origin, { path, headers }).end(), 'response')
  return { status: response.statusCode, body: await json(response) }
}

test.each(ROOTS)('a base URL that ends in %j leads to every endpoint', async (root) => {
  for (const { path, ask } of SAMPLES) {
    const body = ask('sandbox-echo', false)
    if (body instanceof FormData) continue
    for (const end of ['', '/', '?api-version=1']) {
      const response = await call(`${root}${path}${end}`, 'POST', body as object)
      expect(response.status, `${root}${path}${end}`).toBe(200)
      const id = response.headers.get('x-request-id') as string
      await response.arrayBuffer()
      expect((await proxy.settled(id)).endpoint).toBe(`/v1${path}`)
    }
  }
  expect((await call(`${root}/models`)).status).toBe(200)
  expect((await call(`${root}/models/sandbox-echo`)).status).toBe(200)
  expect((await call(`${root}/credits`)).status).toBe(200)
})

test.each(['', '/v1', '/v1/', '/v1/v1'])('an SDK works with the base URL %j', async (root) => {
  const client = new OpenAI({ baseURL: `${proxy.origin}${root}`, apiKey: customer.key })
  const messages = [{ role: 'user' as const, content: 'Hello there' }]
  const answer = await client.chat.completions.create({ model: 'sandbox-echo', messages })
  expect(answer.choices[0]?.message.content).toBe('Hello there')
})

test('a path is not what it looks like in another case, or further down', async () => {
  for (const path of ['/V1/models', '/v1/Models', '/chat', '/v2/models', '/x/v1/models']) {
    const response = await call(path)
    expect(response.status, path).toBe(404)
    expect(await response.json()).toMatchObject({ error: { code: 'unknown_url' } })
  }
})

test.each([
  '/v1/models/../credits',
  '/v1/models/%2e%2e/credits',
  '/v1/models/..%2fcredits/%2e%2E',
  '/%2e%2e/v1/models',
  '/v1/models/a%00b',
])('%s is a 400', async (path) => {
  const { status, body } = await callAsItIs(path)
  expect(status).toBe(400)
  expect(body).toMatchObject({ error: { code: 'bad_http' } })
})

test('a name of a model may have dots', async () => {
  const response = await call('/v1/models/..more/a.b..c')
  expect(await response.json()).toMatchObject({ error: { code: 'model_not_found' } })
})

test.each(['/v1?api-version=2024-02-01/chat/completions', '/v1?x=1%2Fchat%2Fcompletions'])(
  '%s is a 404 that names the cause',
  async (path) => {
    const response = await call(path, 'POST', {})
    expect(response.status).toBe(404)
    const { error } = (await response.json()) as { error: { message: string } }
    expect(error.message).toContain('must not contain a query string')
  },
)

test('no path is answered with a redirect', async () => {
  for (const path of ['/v1', '/v1/', '/v1/chat', '/models/', '//', '/v1//models//']) {
    const { status } = await call(path)
    expect(status >= 300 && status < 400, path).toBe(false)
  }
})
