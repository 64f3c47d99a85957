import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Customer,
  eventually,
  startProxy,
  type Proxy as Tollkeeper,
} from '../harness/proxy.ts'
import { scrape } from '../metrics/scrape.ts'
import { ask, newKey, sendOnce, sendUntilFree } from './setup.ts'

let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  proxy = await startProxy()
  customer = await proxy.customer('1000')
})
afterAll(() => proxy.close())

test('a replay has a record of its own: no hold, no charge, and the stage that says what it was', async () => {
  const key = newKey()
  const original = await sendOnce(proxy, customer.key, key, ask('sandbox-echo', true))
  const replay = await sendUntilFree(proxy, customer.key, key, ask('sandbox-echo', true))
  const record = await proxy.settled(replay.requestId)
  expect(record).toMatchObject({
    outcome: 'completed',
    status: 200,
    stage: 'replay',
    model: 'sandbox-echo',
    stream: true,
    attempts: [],
    hold: '0',
    charged: '0',
    prompt_tokens: 0,
    completion_tokens: 0,
    error: null,
  })
  expect(Object.keys(record.stages)).toEqual(
    expect.arrayContaining(['auth', 'body', 'tier', 'claim', 'replay']),
  )
  expect((await proxy.logOf(replay.requestId)).replay_of).toBe(original.requestId)
  const { stages } = await proxy.settled(original.requestId)
  expect(stages).toHaveProperty('claim')
  expect(stages).not.toHaveProperty('replay')
})

test('who is told to wait learns from the record which request has the key', async () => {
  const key = newKey()
  const slow = ask('sandbox-echo', true, { reply_chars: 200, delay_ms: 20 })
  const running = sendOnce(proxy, customer.key, key, slow)
  await eventually(() => proxy.sandbox.open() === 1 || undefined)
  const busy = await sendOnce(proxy, customer.key, key, slow)
  expect(busy.status).toBe(409)
  const { error } = await proxy.settled(busy.requestId)
  const { requestId } = await running
  expect(error).toMatchObject({
    code: 'idempotency_key_in_use',
    causes: [`request ${requestId} has the key`],
  })
})

test('metrics count what keys decided', async () => {
  const before = await scrape(proxy)
  const key = newKey()
  await sendOnce(proxy, customer.key, key, ask('sandbox-echo'))
  await sendUntilFree(proxy, customer.key, key, ask('sandbox-echo'))
  await sendOnce(proxy, customer.key, key, ask('sandbox-slow'))
  const after = await scrape(proxy)
  const grown = (result: string) =>
    after.sum('tollkeeper_idempotent_requests_total', { result }) -
    before.sum('tollkeeper_idempotent_requests_total', { result })
  expect([grown('claimed'), grown('replayed'), grown('reused'), grown('gone')]).toEqual([
    1, 1, 1, 0,
  ])
})
