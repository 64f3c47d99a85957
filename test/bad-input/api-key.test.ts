import { afterAll, beforeAll, expect, test } from 'vitest'
import { createApiKey } from '../../src/secrets/api-key.ts'
import { expectError } from '../harness/error-answer.ts'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { sendRaw } from './raw-request.ts'
import { JSON_TYPE, post } from './setup.ts'

let proxy: Tollkeeper
let key: string
let other: string
beforeAll(async () => {
  proxy = await startProxy()
  key = (await proxy.customer('100')).key
  other = (await proxy.customer('100')).key
})
afterAll(() => proxy.close())

const MISSING = { status: 401, code: null, type: 'invalid_request_error', param: null }
const INVALID = { ...MISSING, code: 'invalid_api_key' }

/** A new key of an account of its own, with these fields. */
async function keyWith(fields: object) {
  const { accountId } = await proxy.customer('100')
  return (await proxy.admin('POST', `/accounts/${accountId}/keys`, fields)).body
}

const send = (headers: Record<string, string>) => post(proxy, { ...JSON_TYPE, ...headers })

test.each([
  ['no header at all', {}],
  ['a scheme without a key', { authorization: 'Bearer' }],
  ['another scheme', { authorization: 'Basic dXNlcjpwYXNz' }],
  ['a key without a scheme', { authorization: 'tk_alone' }],
  ['two words', { authorization: 'Bearer one two' }],
])('a request with %s is a 401 without a code', async (_, headers) => {
  const { error } = await expectError(await send(headers as Record<string, string>), MISSING)
  expect(error.message).toMatch(/Authorization: Bearer/)
})

test.each([
  ['of another service', 'sk-proj-0123456789abcdef0123456789abcdef'],
  ['cut short', 'tk_0123456789'],
  ['without its checksum', `tk_${'0'.repeat(38)}`],
  ['of 10 KB', 'x'.repeat(10_000)],
])('a key %s is a 401 invalid_api_key', async (_, text) => {
  for (const headers of [{ authorization: `Bearer ${text}` }, { 'x-api-key': text }]) {
    await expectError(await send(headers as Record<string, string>), INVALID)
  }
})

test('a well-formed key that nobody has is a 401, and its text is not repeated', async () => {
  const unknown = createApiKey()
  const { error } = await expectError(await send({ authorization: `Bearer ${unknown}` }), INVALID)
  expect(error.message).not.toContain(unknown.slice(3, 10))
})

test('an expired key is a 401 that says so', async () => {
  const { key } = await keyWith({ expires_at: '2020-01-01T00:00:00Z' })
  const { error } = await expectError(await send({ authorization: `Bearer ${key}` }), INVALID)
  expect(error.message).toMatch(/expired/)
})

test('a key expires while it is in use', async () => {
  const expires = new Date(Date.now() + 1_500)
  const { key } = await keyWith({ expires_at: expires.toISOString() })
  const headers = { authorization: `Bearer ${key}` }
  const refused = await eventually(async () => {
    const response = await fetch(`${proxy.url}/models`, { headers })
    return response.status === 200 ? undefined : response
  })
  expect(Date.now()).toBeGreaterThanOrEqual(expires.getTime()) // and until then it was served
  await expectError(refused, INVALID)
})

test('a revoked key is a 401', async () => {
  const { key, id } = await keyWith({})
  expect((await proxy.admin('DELETE', `/keys/${id}`)).status).toBe(200)
  await expectError(await send({ authorization: `Bearer ${key}` }), INVALID)
})

test('two different keys in one request are a 401 that says so', async () => {
  const headers = { authorization: `Bearer ${key}`, 'x-api-key': other }
  const { error } = await expectError(await send(headers), INVALID)
  expect(error.message).toMatch(/two different/)
})

test.each([
  ['authorization', 'Bearer '],
  ['x-api-key', ''],
])('two different keys in two headers %s are a 401 that says so', async (name, scheme) => {
  const head = (...keys: string[]) => [
    ...['GET /v1/models HTTP/1.1', 'host: tollkeeper', 'connection: close'],
    ...[...keys.map((one) => `${name}: ${scheme}${one}`), '\r\n'],
  ]
  for (const keys of [[key, other] as const, [other, key] as const]) {
    const answer = await sendRaw(proxy, head(...keys).join('\r\n'))
    expect((await expectError(answer, INVALID)).error.message).toMatch(/two different/)
  }
  expect((await sendRaw(proxy, head(key, key).join('\r\n'))).status).toBe(200)
})

test('the same key in two headers, or any of the three, is one key', async () => {
  for (const headers of [
    { authorization: `Bearer ${key}`, 'x-api-key': key },
    { 'api-key': key },
    { 'x-api-key': key },
    { authorization: `bearer  ${key} ` },
    { authorization: `Bearer ${key}`, 'api-key': '' },
  ] as Record<string, string>[]) {
    expect((await fetch(`${proxy.url}/models`, { headers })).status).toBe(200)
  }
})

test('a refusal that comes before the body can be read, and holds up no shutdown', async () => {
  const { databaseUrl, sandbox } = proxy
  const own = await startProxy({ databaseUrl, sandbox })
  const body = JSON.stringify({ messages: 'x'.repeat(2_000_000) })
  const headers = { ...JSON_TYPE, authorization: `Bearer ${createApiKey()}` }
  await expectError(await post(own, headers, body), INVALID)
  await own.close()
})

test('the admin token opens no client endpoint', async () => {
  const headers = { authorization: 'Bearer canary-admin-token-0123456789' }
  await expectError(await fetch(`${proxy.url}/credits`, { headers }), INVALID)
})
