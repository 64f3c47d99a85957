import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientPatience } from '../../src/upstream/request-headers.ts'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ASK } from './client.ts'
import { answerWhole, startUpstream, type Upstream } from './upstream.ts'

let delayMs = 0
let upstream: Upstream
let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  upstream = await startUpstream((response) => {
    if (delayMs > 0) setTimeout(() => answerWhole(response), delayMs)
    else if (delayMs === 0) answerWhole(response)
  })
  const env = { OPENAI_BASE_URL: upstream.origin, UPSTREAM_FIRST_BYTE_TIMEOUT_MS: '4000' }
  proxy = await startProxy({ env })
  customer = await proxy.customer('1000')
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

function send(headers: Record<string, string>): Promise<Response> {
  const type = { 'content-type': 'application/json' }
  const authorization = `Bearer ${customer.key}`
  return proxy.chat(customer.key, ASK, { headers: { ...headers, ...type, authorization } })
}

test.each(['x-stainless-timeout', 'x-stainless-read-timeout'])(
  'an upstream is waited for hardly longer than %s says',
  async (name) => {
    delayMs = 3_500
    const response = await send({ [name]: '1' })
    expect(response.status).toBe(504)
    expect(await response.json()).toMatchObject({ error: { code: 'upstream_timeout' } })
    const record = await proxy.settled(response.headers.get('x-request-id') as string)
    expect(record).toMatchObject({ outcome: 'timed_out', charged: '0' })
    expect(record.attempts).toHaveLength(1)
  },
)

test('a patient client does not make us wait longer than we would', async () => {
  delayMs = -1
  expect((await send({ 'x-stainless-timeout': '600' })).status).toBe(504)
})

test('the patience of a client is the shortest it tells, and 2 s so that it ends first', () => {
  const of = (...values: string[]) =>
    clientPatience({ 'x-stainless-timeout': values[0], 'x-stainless-read-timeout': values[1] })
  expect(of('600')).toBe(602_000)
  expect(of('0.0005')).toBe(2_001)
  expect(of('600', '2.5')).toBe(4_500)
  for (const none of ['', '0', '-1', 'NaN', 'Infinity', '1e3', 'read', '1, 2']) {
    expect(of(none)).toBeNull()
  }
})
