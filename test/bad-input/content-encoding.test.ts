import {
  brotliCompressSync,
  constants,
  deflateSync,
  gzipSync,
  type InputType,
  zstdCompressSync,
} from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectError } from '../harness/error-answer.ts'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { answerAsAsked, startUpstream, type Upstream } from '../relay/upstream.ts'
import { bearer, GOOD, JSON_TYPE, post } from './setup.ts'

const LIMIT = 1024 * 1024

/** 256 times the limit, in a few bytes. */
const BOMB = JSON.stringify({ ...GOOD, user: 'x'.repeat(256 * LIMIT) })

type Encode = (body: InputType) => Buffer<ArrayBuffer>
const fastBrotli: Encode = (body) =>
  brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })
const CODINGS: [name: string, encode: Encode][] = [
  ['gzip', gzipSync],
  ['GZIP', gzipSync],
  ['x-gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', fastBrotli],
  ['zstd', zstdCompressSync],
]

let upstream: Upstream
let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  upstream = await startUpstream(answerAsAsked)
  proxy = await startProxy({
    env: { OPENAI_BASE_URL: upstream.origin, BODY_LIMIT_BYTES: String(LIMIT) },
  })
  customer = await proxy.customer('1000000')
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

function send(coding: string, body: string | Buffer<ArrayBuffer>): Promise<Response> {
  const headers = { ...bearer(customer.key), ...JSON_TYPE, 'content-encoding': coding }
  return post(proxy, headers, body)
}

test.each(CODINGS)('a body in %s goes upstream decoded', async (coding, encode) => {
  const body = JSON.stringify({ ...GOOD, user: `€ ${'Lorem ipsum '.repeat(10_000)}` })
  const response = await send(coding, encode(body))
  expect(response.status, await response.text()).toBe(200)
  const seen = upstream.seen.at(-1) as Upstream['seen'][number]
  expect(seen.body.toString()).toBe(body)
  expect(seen.headers).not.toHaveProperty('content-encoding')
  expect(seen.headers['content-length']).toBe(String(Buffer.byteLength(body)))
})

test.each(CODINGS)('a bomb in %s is a 413 that can be read', async (coding, encode) => {
  const before = upstream.seen.length
  const response = await send(coding, encode(BOMB))
  await expectError(response, {
    status: 413,
    code: 'request_too_large',
    type: 'invalid_request_error',
    param: null,
  })
  expect(upstream.seen.length).toBe(before)
})

test.each(CODINGS)('a body that is not %s is a 400', async (coding, encode) => {
  const expected = {
    status: 400,
    code: 'invalid_content_encoding',
    type: 'invalid_request_error',
    param: null,
  }
  await expectError(await send(coding, JSON.stringify(GOOD)), expected)
  const whole = encode(JSON.stringify(GOOD))
  await expectError(await send(coding, whole.subarray(0, whole.length - 9)), expected)
})

test.each(['compress', 'gzip, gzip', 'aws-chunked', 'nonsense'])(
  'a body in %s is a 415 that names what is read',
  async (coding) => {
    const response = await send(coding, JSON.stringify(GOOD))
    const { error } = await expectError(response, {
      status: 415,
      code: 'unsupported_content_encoding',
      type: 'invalid_request_error',
      param: null,
    })
    expect(error.message).toContain('gzip, deflate, br or zstd')
  },
)

test.each(['identity', ''])('a body in "%s" is read as it is', async (coding) => {
  expect((await send(coding, JSON.stringify(GOOD))).status).toBe(200)
})
