import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectError } from '../harness/error-answer.ts'
import {
  type Customer,
  eventually,
  startProxy,
  type Proxy as Tollkeeper,
} from '../harness/proxy.ts'
import { startUpstream, type Upstream } from '../relay/upstream.ts'

const LIMIT = 64 * 1024

/** Lists in lists: few bytes of a body, and many of memory. */
const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
const bodyOf = (levels: number) => `{"model":"m","messages":[${nested(levels)}]}`

let upstream: Upstream
let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  upstream = await startUpstream(() => {})
  const sizes = { BODY_LIMIT_BYTES: String(LIMIT), BUFFER_BUDGET_BYTES: String(LIMIT) }
  proxy = await startProxy({ env: { OPENAI_BASE_URL: upstream.origin, ...sizes } })
  customer = await proxy.customer('1000000')
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

function send(body: string, signal?: AbortSignal): Promise<Response> {
  return fetch(`${proxy.url}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${customer.key}`, 'content-encoding': 'gzip' },
    body: gzipSync(body),
    ...(signal && { signal }),
  })
}

test('a body of small values that take more memory than its limit stands for is a 413', async () => {
  const response = await send(bodyOf(LIMIT / 8))
  await expectError(response, { status: 413, code: 'request_too_large' })
  expect(upstream.seen).toHaveLength(0)
})

test('small values take room for the memory they need, and give it back', async () => {
  const leaving = new AbortController()
  const levels = 2_400 // of 14 bytes each, and so half of the room
  const waiting = send(bodyOf(levels), leaving.signal).catch(() => null)
  await eventually(() => upstream.seen.length === 1)
  expect(proxy.app.buffers.taken).toBeGreaterThan(LIMIT / 2)
  await expectError(await send(bodyOf(levels)), { status: 503, code: 'overloaded' })
  leaving.abort()
  await waiting
  await eventually(() => proxy.app.buffers.taken === 0)
})
