import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientPatience } from '../../src/upstream/request-headers.ts'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ASK } from './client.ts'
import { answerWhole, startUpstream, type Upstream } from './upstream.ts'

/** Milliseconds an upstream takes that nobody waits for. */
const TOO_LATE_MS = 15_000

let upstream: Upstream
let proxy: Tollkeeper
/** The same with less time for its upstream. */
let impatient: Tollkeeper
let customer: Customer
beforeAll(async () => {
  upstream = await startUpstream((response) => {
    const timer = setTimeout(() => answerWhole(response), TOO_LATE_MS)
    response.once('close', () => clearTimeout(timer))
  })
  const env = { OPENAI_BASE_URL: upstream.origin }
  proxy = await startProxy({ env })
  const { databaseUrl, sandbox } = proxy
  const less = { ...env, UPSTREAM_FIRST_BYTE_TIMEOUT_MS: '1000' }
  impatient = await startProxy({ env: less, databaseUrl, sandbox })
  customer = await proxy.customer('1000')
})
afterAll(async () => {
  await impatient.close()
  await proxy.close()
  await upstream.close()
})

function send(through: Tollkeeper, headers: Record<string, string>): Promise<Response> {
  const type = { 'content-type': 'application/json' }
  const authorization = `Bearer ${customer.key}`
  return through.chat(customer.key, ASK, { headers: { ...headers, ...type, authorization } })
}

test.each(['x-stainless-timeout', 'x-stainless-read-timeout'])(
  'an upstream is waited for hardly longer than %s says',
  async (name) => {
    const response = await send(proxy, { [name]: '1' })
    expect(response.status).toBe(504)
    expect(await response.json()).toMatchObject({ error: { code: 'upstream_timeout' } })
    const record = await proxy.settled(response.headers.get('x-request-id') as string)
    expect(record).toMatchObject({ outcome: 'timed_out', charged: '0' })
    expect(record.attempts).toHaveLength(1)
  },
)

test('a patient client does not make us wait longer than we would', async () => {
  expect((await send(impatient, { 'x-stainless-timeout': '600' })).status).toBe(504)
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
