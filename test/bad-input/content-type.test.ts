import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectError } from '../harness/error-answer.ts'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { postHead, sendRaw } from './raw-request.ts'
import { bearer, expectUnspent, GOOD, post } from './setup.ts'

let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  proxy = await startProxy()
  customer = await proxy.customer('100')
})
afterAll(() => proxy.close())

const UNSUPPORTED = {
  status: 415,
  code: 'unsupported_media_type',
  type: 'invalid_request_error',
  param: null,
}

test.each([
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/jsonx',
  'application/octet-stream',
  'text/json, application/json',
  'nonsense',
])('a body of type %s is a 415', async (type) => {
  const response = await post(proxy, { ...bearer(customer.key), 'content-type': type })
  await expectError(response, UNSUPPORTED)
  await expectUnspent(proxy, customer)
})

test.each([
  'application/json',
  'Application/JSON; charset=utf-8',
  'application/json;charset=UTF-8',
])('a body of type %s is read', async (type) => {
  const { key } = await proxy.customer('100')
  const response = await post(proxy, { ...bearer(key), 'content-type': type })
  expect(response.status).toBe(200)
  await response.text()
})

test('a body without a content type is read as JSON', async () => {
  const { key } = await proxy.customer('100')
  const body = JSON.stringify(GOOD)
  const head = postHead(key, `content-length: ${body.length}`)
  const response = await sendRaw(proxy, head, body)
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({ choices: [{ message: { content: 'Hello' } }] })
})

test('a chunked body without a content type is read as JSON', async () => {
  const { key } = await proxy.customer('100')
  const body = JSON.stringify(GOOD)
  const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
  const response = await sendRaw(proxy, postHead(key, 'transfer-encoding: chunked'), chunked)
  expect(response.status).toBe(200)
})
