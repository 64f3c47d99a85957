import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectError } from '../harness/error-answer.ts'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { bearer, GOOD, JSON_TYPE } from './setup.ts'

let proxy: Tollkeeper
let key: string
beforeAll(async () => {
  proxy = await startProxy({ env: { BODY_LIMIT_BYTES: '1024' } })
  key = (await proxy.customer('100')).key
})
afterAll(() => proxy.close())

const UNKNOWN = { status: 404, code: 'unknown_url', type: 'invalid_request_error', param: null }

test.each([
  ['GET', '/v1'],
  ['GET', '/v1/nothing'],
  ['POST', '/v1/chat'],
  ['POST', '/v1/chat/completions/more'],
  ['POST', '/v1/Chat/Completions'],
  ['POST', '/v1/files'],
  ['DELETE', '/v1/threads/1'],
  ['GET', '/nothing/at/all'],
])('%s %s is a 404 that repeats the URL', async (method, path) => {
  const response = await fetch(`${proxy.origin}${path}?a=b`, { method, headers: bearer(key) })
  const { error } = await expectError(response, UNKNOWN)
  expect(error.message).toBe(`Invalid URL (${method} ${path})`)
})

test.each([
  ['POST', '/v1/models', 'GET, HEAD'],
  ['GET', '/v1/chat/completions', 'POST'],
  ['PUT', '/v1/chat/completions', 'POST'],
  ['DELETE', '/v1/chat/completions', 'POST'],
  ['PATCH', '/v1/credits', 'GET, HEAD'],
  ['OPTIONS', '/v1/chat/completions', 'POST'],
])('%s %s is a 405 that allows %s', async (method, path, allow) => {
  const response = await fetch(`${proxy.origin}${path}`, { method, headers: bearer(key) })
  expect(response.headers.get('allow')?.split(', ').sort().join(', ')).toBe(allow)
  await expectError(response, { ...UNKNOWN, status: 405, code: 'method_not_supported' })
})

test.each([
  ['not JSON', JSON_TYPE, '{'],
  ['nothing, called JSON', JSON_TYPE, ''],
  ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'a=b'],
  ['multipart', { 'content-type': 'multipart/form-data; boundary=x' }, '--x--'],
  ['of no type at all', { 'content-type': '' }, 'a'],
  ['too large', JSON_TYPE, JSON.stringify('x'.repeat(2_000))],
])('an unknown URL is a 404 also where the body is %s', async (_, headers, body) => {
  const init = { method: 'POST', headers: { ...bearer(key), ...headers }, body }
  await expectError(await fetch(`${proxy.url}/files`, init), UNKNOWN)
})

test.each(['/v1/models/%zz', '/v1/%', '/v1/chat/%e0%a4%a', '/%ff%'])(
  'bad percent-encoding in %s is a 404 in the same shape',
  async (path) => {
    const response = await fetch(`${proxy.origin}${path}`, { headers: bearer(key) })
    await expectError(response, UNKNOWN)
  },
)

test('a path parameter that no id is as long as is a 404', async () => {
  const response = await fetch(`${proxy.origin}/admin/accounts/${'a'.repeat(600)}`)
  await expectError(response, UNKNOWN)
})

test('a trailing slash, a double slash and a query are no other URL', async () => {
  for (const path of ['/v1/chat/completions/', '/v1//chat/completions', '/v1/chat/completions?x']) {
    const init = {
      method: 'POST',
      headers: { ...bearer(key), ...JSON_TYPE },
      body: JSON.stringify(GOOD),
    }
    const response = await fetch(`${proxy.origin}${path}`, init)
    expect(response.status).toBe(200)
    await response.text()
  }
})
