import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectError } from '../harness/error-answer.ts'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { postHead, sendRaw } from './raw-request.ts'
import { bearer, expectUnspent, GOOD, JSON_TYPE, post } from './setup.ts'

let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  proxy = await startProxy()
  customer = await proxy.customer('100')
})
afterAll(() => proxy.close())

const INVALID = { status: 400, code: 'invalid_json', type: 'invalid_request_error', param: null }

const send = (body: string | Uint8Array<ArrayBuffer>) =>
  post(proxy, { ...bearer(customer.key), ...JSON_TYPE }, body)

test.each([
  ['empty', ''],
  ['white space', ' \n '],
  ['cut off', '{"model": "m", "messages": ['],
  ['with something after it', '{"model": "m", "messages": []} {}'],
  ['with single quotes', "{'model': 'm'}"],
  ['with a trailing comma', '{"model": "m", "messages": [],}'],
  ['NaN', '{"model": "m", "messages": [], "temperature": NaN}'],
  ['a list', '[]'],
  ['a text', '"model"'],
  ['a number', '1'],
  ['null', 'null'],
])('a body that is %s is a 400 invalid_json', async (_, body) => {
  await expectError(await send(body), INVALID)
  await expectUnspent(proxy, customer)
  expect(proxy.sandbox.calls.size).toBe(0)
})

test.each([
  ['a byte that no character has', [0xff]],
  ['half a character', [0xe2, 0x82]],
  ['an overlong slash', [0xc0, 0xaf]],
  ['half a surrogate pair', [0xed, 0xa0, 0x80]],
])('a body with %s is a 400 that names UTF-8', async (_, bytes) => {
  const text = '{"model":"sandbox-echo","messages":[{"role":"user","content":"'
  const body = Buffer.concat([Buffer.from(text), Buffer.from(bytes), Buffer.from('"}]}')])
  const { error } = await expectError(await send(body), INVALID)
  expect(error.message).toMatch(/UTF-8/)
})

test.each([
  'model',
  'messages',
  'stream',
  'stream_options',
  'n',
  'max_tokens',
  'max_completion_tokens',
])('a body with the field %s twice is a 400 that names it', async (field) => {
  const value = field === 'messages' ? '[]' : '"x"'
  const escaped = `\\u00${field.charCodeAt(0).toString(16)}${field.slice(1)}`
  for (const again of [field, escaped]) {
    const twice = `{"model":"m","messages":[],"${field}":${value},"${again}":${value}}`
    const { error } = await expectError(await send(twice), {
      ...INVALID,
      code: 'invalid_value',
      param: field,
    })
    expect(error.message).toContain('twice')
  }
})

test.each([
  ['Model', 'model', '"dear"'],
  ['meſſages', 'messages', '[]'],
  ['max_to\\u212Aens', 'max_tokens', '100000'],
  ['Stream', 'stream', 'true'],
  ['N', 'n', '9'],
])('the field "%s" is not sent on: some upstreams read it as "%s"', async (key, param, value) => {
  const body = `${JSON.stringify(GOOD).slice(0, -1)},"${key}":${value}}`
  const { error } = await expectError(await send(body), {
    ...INVALID,
    code: 'invalid_value',
    param,
  })
  expect(error.message).toContain(`must be written "${param}"`)
  expect(proxy.sandbox.calls.size).toBe(0)
})

test('an option of a stream is not sent on in other letters', async () => {
  const options = { stream: true, stream_options: { Include_Usage: false } }
  const response = await send(JSON.stringify({ ...GOOD, ...options }))
  await expectError(response, { ...INVALID, code: 'invalid_value', param: 'stream_options' })
})

test.each([
  ['without a body or a length', []],
  ['with a length of 0', ['content-length: 0']],
  ['with a type and a length of 0', ['content-type: application/json', 'content-length: 0']],
  ['with a type and no length', ['content-type: application/json']],
])('a POST %s is a 400 invalid_json', async (_, headers) => {
  await expectError(await sendRaw(proxy, postHead(customer.key, ...headers)), INVALID)
})

test('an endpoint without a body does not mind that a GET names a type', async () => {
  const headers = { ...bearer(customer.key), ...JSON_TYPE }
  expect((await fetch(`${proxy.url}/models`, { headers })).status).toBe(200)
})

test('a deeply nested body is answered like any other', async () => {
  const depth = 100_000
  const nested = '['.repeat(depth) + ']'.repeat(depth)
  const body = `${JSON.stringify(GOOD).slice(0, -1)},"x":${nested}}`
  const { key } = await proxy.customer('3000') // it is held for every byte
  const response = await post(proxy, { ...bearer(key), ...JSON_TYPE }, body)
  await response.text()
  expect(response.status).toBe(200)
})
