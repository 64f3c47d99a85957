import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Customer,
  eventually,
  startProxy,
  type Proxy as Tollkeeper,
} from '../harness/proxy.ts'
import { PROMPT_CANARY } from '../harness/secrets.ts'
import { answerWhole, startUpstream, type Upstream } from '../relay/upstream.ts'
import { ask, codeOf, newKey, sendOnce, sendUntilFree, spentBy } from './setup.ts'

const ANSWER_BYTES_MAX = 8 * 1024 * 1024

let upstream: Upstream
let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  upstream = await startUpstream((response, { body }) => {
    const { length = 5 } = JSON.parse(body.toString())
    answerWhole(response, 'y'.repeat(length))
  })
  proxy = await startProxy({ env: { OPENAI_BASE_URL: upstream.origin } })
  customer = await proxy.customer('100000')
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

test('an answer of a byte above 8 MiB is not kept, and not made again', async () => {
  const around = (await sendOnce(proxy, customer.key, newKey(), ask('any'))).body.length - 5
  const body = { ...ask('any'), length: ANSWER_BYTES_MAX - around }
  const key = newKey()
  const largest = await sendOnce(proxy, customer.key, key, body)
  expect(largest.body.length).toBe(ANSWER_BYTES_MAX)
  const replay = await sendUntilFree(proxy, customer.key, key, body)
  expect(replay.replayOf).toBe(largest.requestId)
  expect(replay.body.equals(largest.body)).toBe(true)

  const larger = { ...body, length: body.length + 1 }
  const other = newKey()
  const original = await sendOnce(proxy, customer.key, other, larger)
  expect(original.body.length).toBe(ANSWER_BYTES_MAX + 1)
  const calls = upstream.seen.length
  const refused = await sendUntilFree(proxy, customer.key, other, larger)
  expect([refused.status, codeOf(refused)]).toEqual([410, 'idempotency_answer_gone'])
  expect(refused.headers.get('retry-after')).toBeNull()
  expect(upstream.seen).toHaveLength(calls)
})

test('an answer that expired leaves its key free, and is deleted', async () => {
  const { key: apiKey } = await proxy.customer('1000')
  const key = newKey()
  const original = await sendOnce(proxy, apiKey, key, ask('any'))
  await sendUntilFree(proxy, apiKey, key, ask('any'))
  const [row] = await proxy.sql<{ hours: number }[]>`
    select extract(epoch from expires_at - clock_timestamp()) / 3600 as hours
    from idempotency_keys where request_id = ${original.requestId}`
  expect(Number(row?.hours)).toBeGreaterThan(23.9)
  expect(Number(row?.hours)).toBeLessThanOrEqual(24)
  await proxy.sql`update idempotency_keys set expires_at = clock_timestamp()
    where request_id = ${original.requestId}`
  await proxy.sql`update idempotency_answers set expires_at = clock_timestamp()
    where request_id = ${original.requestId}`
  const next = await sendOnce(proxy, apiKey, key, ask('any'))
  expect([next.status, next.replayOf]).toEqual([200, null])
  await proxy.settled(next.requestId)
  expect(await spentBy(proxy, apiKey)).toBe(
    String((await proxy.settled(original.requestId)).charged * 2),
  )
})

test('nothing of the key, the question or the answer can be read in the database', async () => {
  const { key: apiKey } = await proxy.customer('1000')
  const key = `${PROMPT_CANARY}-key`
  const question = { ...ask('any'), messages: [{ role: 'user', content: PROMPT_CANARY }] }
  const { body, requestId } = await sendOnce(proxy, apiKey, key, question)
  await eventually(async () => {
    const rows = await proxy.sql`
      select 1 from idempotency_answers where request_id = ${requestId}`
    return rows.length === 1 || undefined
  })
  const rows = await proxy.sql<{ dump: string }[]>`
    select encode(k.key || k.fingerprint || a.body, 'escape') || a.headers as dump
    from idempotency_keys k join idempotency_answers a using (request_id)
    where request_id = ${requestId}`
  expect(rows).toHaveLength(1)
  expect(rows[0]?.dump).not.toContain(PROMPT_CANARY)
  expect(rows[0]?.dump).not.toContain('completion')
  expect(body.toString()).toContain('completion')
})

test('an answer sealed with a secret that is gone is not made again', async () => {
  const { key: apiKey } = await proxy.customer('1000')
  const key = newKey()
  const { requestId } = await sendOnce(proxy, apiKey, key, ask('any'))
  await sendUntilFree(proxy, apiKey, key, ask('any'))
  await proxy.sql`update idempotency_answers set body = 'x' || body where request_id = ${requestId}`
  const refused = await sendOnce(proxy, apiKey, key, ask('any'))
  expect([refused.status, codeOf(refused)]).toEqual([410, 'idempotency_answer_gone'])
})
