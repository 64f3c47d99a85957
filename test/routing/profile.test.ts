import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Customer, type Proxy, startProxy } from '../harness/proxy.ts'
import { putModel } from './setup.ts'

let proxy: Proxy
let customer: Customer
let upstream: Server
let seen: { url: string | undefined; headers: IncomingMessage['headers']; body: any }

beforeAll(async () => {
  upstream = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = JSON.parse(Buffer.concat(chunks).toString())
    seen = { url: request.url, headers: request.headers, body }
    const message = { role: 'assistant', content: 'Hello' }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ choices: [{ index: 0, message, finish_reason: 'stop' }] }))
  })
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  proxy = await startProxy({ env: { UPSTREAM_ALLOW_CIDRS: '127.0.0.0/8' } })
  customer = await proxy.customer('1000')
})
afterAll(async () => {
  await proxy.close()
  upstream.close()
})

/** What reaches an upstream with this profile of a request with these fields. */
async function reaches(profile: object, fields: object): Promise<typeof seen> {
  const name = `quirky-${JSON.stringify(profile).length}-${Object.keys(fields).join('-')}`
  const { port } = upstream.address() as AddressInfo
  const settings = { base_url: `http://127.0.0.1:${port}/v1`, api_key: 'a-key', profile }
  expect((await proxy.admin('PUT', `/providers/${name}`, settings)).status).toBe(200)
  await putModel(proxy, name, [{ provider: name }])
  const messages = [{ role: 'user', content: 'hi' }]
  const answer = await proxy.chat(customer.key, { model: name, messages, ...fields })
  expect(answer.status).toBe(200)
  await answer.text()
  return seen
}

test('an upstream that refuses stream_options is not sent them', async () => {
  const fields = { stream: true, stream_options: { include_usage: true } }
  const { body } = await reaches({ stream_options: 'omit' }, fields)
  expect(body).not.toHaveProperty('stream_options')
  expect(body.stream).toBe(true)
})

test.each([
  ['max_completion_tokens', { max_tokens: 7 }],
  ['max_tokens', { max_completion_tokens: 7 }],
])('an upstream that knows only %s gets the limit under that name', async (name, fields) => {
  const { body } = await reaches({ output_limit: name }, fields)
  expect(body).toHaveProperty(name, 7)
  expect(Object.keys(body).filter((key) => /^max_/.test(key))).toEqual([name])
})

test('a request without a limit is not given one by a profile', async () => {
  const { body } = await reaches({ output_limit: 'max_tokens' }, {})
  expect(Object.keys(body).filter((key) => /^max_/.test(key))).toEqual([])
})

test.each(['api-key', 'x-api-key'] as const)('the key goes into the header %s', async (header) => {
  const { headers } = await reaches({ auth_header: header }, { n: 1 })
  expect(headers[header]).toBe('a-key')
  expect(headers).not.toHaveProperty('authorization')
})

test('a stream is asked for usage in every chunk, but not for that of several choices', async () => {
  const profile = { stream_options: 'continuous' }
  const own = { include_usage: false, chunk_include_usage: 1 }
  const one = await reaches(profile, { stream: true, stream_options: own })
  expect(one.body.stream_options).toEqual({
    include_usage: true,
    continuous_usage_stats: true,
    chunk_include_usage: 1,
  })
  const two = await reaches(profile, { stream: true, n: 2 })
  expect(two.body.stream_options).toEqual({ include_usage: true })
})

test('an upstream that does not know the role developer is sent system', async () => {
  const messages = [
    { role: 'developer', content: 'Be brief.' },
    { role: 'user', content: 'Who is a developer?' },
  ]
  const { body } = await reaches({ developer_role: 'system' }, { messages })
  expect(body.messages).toEqual([{ role: 'system', content: 'Be brief.' }, messages[1]])
})

test('a base URL with a query sends it with every call', async () => {
  const { port } = upstream.address() as AddressInfo
  const base_url = `http://127.0.0.1:${port}/v1?api-version=2024-10-21`
  await proxy.admin('PUT', '/providers/versioned', { base_url })
  await putModel(proxy, 'versioned', [{ provider: 'versioned' }])
  const messages = [{ role: 'user', content: 'hi' }]
  await (await proxy.chat(customer.key, { model: 'versioned', messages })).text()
  expect(seen.url).toBe('/v1/chat/completions?api-version=2024-10-21')
})

test('fields that an upstream refuses are left out, and no byte of the others changes', async () => {
  const fields = {
    seed: 7,
    logit_bias: { seed: 1 },
    metadata: { seed: 1, logit_bias: 2 },
    user: 'u',
  }
  const { body } = await reaches({ drop_fields: ['seed', 'logit_bias', 'absent'] }, fields)
  expect(Object.keys(body)).toEqual(['model', 'messages', 'metadata', 'user'])
  expect(body.metadata).toEqual(fields.metadata)
})

test.each(['model', 'stream', 'max_tokens', 'input'])('%s can not be dropped', async (field) => {
  const base_url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/v1`
  const profile = { drop_fields: ['seed', field] }
  const refused = await proxy.admin('PUT', '/providers/dropping', { base_url, profile })
  expect([refused.status, refused.body.error.param]).toEqual([400, 'profile.drop_fields'])
})

test('a profile is shown whole, and one with an unknown quirk is refused by name', async () => {
  const base_url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/v1`
  const made = await proxy.admin('PUT', '/providers/shown', { base_url })
  expect(made.body.profile).toEqual({
    api: 'openai',
    stream_options: 'send',
    output_limit: 'as_sent',
    auth_header: 'authorization',
    developer_role: 'keep',
    reasoning_tokens: 'included',
    embedding_format: 'as_sent',
    drop_fields: [],
    on_disconnect: 'cancel',
    finish_max_tokens: 16_384,
    finish_max_seconds: 300,
  })
  const profile = { stream_options: 'sometimes' }
  const refused = await proxy.admin('PUT', '/providers/shown', { base_url, profile })
  expect([refused.status, refused.body.error.param]).toEqual([400, 'profile.stream_options'])
})
