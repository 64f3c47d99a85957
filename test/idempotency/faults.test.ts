import { afterAll, beforeAll, expect, test } from 'vitest'
import { disownForgotten } from '../../src/store/idempotency-answers.ts'
import { createTestDatabase } from '../harness/database.ts'
import { FaultProxy } from '../harness/fault-proxy.ts'
import {
  type Customer,
  eventually,
  startProxy,
  type Proxy as Tollkeeper,
} from '../harness/proxy.ts'
import { ask, codeOf, newKey, sendOnce, sendUntilFree } from './setup.ts'

let way: FaultProxy
let database: Awaited<ReturnType<typeof createTestDatabase>>
let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  database = await createTestDatabase()
  way = await FaultProxy.start(database.url)
  proxy = await startProxy({ databaseUrl: way.url })
  customer = await proxy.customer('1000')
})
afterAll(async () => {
  await proxy.close()
  await proxy.sandbox.close()
  await way.close()
  await database.sql.end()
})

/** Drops the answer to the next statement with this function, once. */
function dropOnce(name: string): void {
  let dropped = false
  way.dropAnswers((statement) => {
    if (dropped || !statement.includes(name)) return false
    dropped = true
    return true
  })
}

test.each(['claim_keys_v1', 'conclude_keys_v1'])(
  'an answer of Postgres that is lost changes nothing: %s',
  async (name) => {
    const key = newKey()
    const calls = proxy.sandbox.calls.size
    const droppedBefore = way.dropped
    dropOnce(name)
    const original = await sendOnce(proxy, customer.key, key, ask('sandbox-echo', true))
    expect([original.status, original.replayOf]).toEqual([200, null])
    const replay = await sendUntilFree(proxy, customer.key, key, ask('sandbox-echo', true))
    expect(replay.replayOf).toBe(original.requestId)
    expect(way.dropped - droppedBefore).toBe(1)
    expect(proxy.sandbox.calls.size - calls).toBe(1)
    way.dropAnswers(null)
  },
)

test('a key that can not be claimed is refused before anything runs, and is free later', async () => {
  const key = newKey()
  const calls = proxy.sandbox.calls.size
  await database.sql`alter function claim_keys_v1 rename to claim_keys_v1_away`
  const refused = await sendOnce(proxy, customer.key, key, ask('sandbox-echo'))
  expect([refused.status, codeOf(refused)]).toEqual([503, 'ledger_unavailable'])
  expect(proxy.sandbox.calls.size).toBe(calls)
  const keyless = await proxy.chat(customer.key, ask('sandbox-echo'))
  expect(keyless.status).toBe(200)
  await database.sql`alter function claim_keys_v1_away rename to claim_keys_v1`
  const answer = await sendUntilFree(proxy, customer.key, key, ask('sandbox-echo'))
  expect([answer.status, answer.replayOf]).toEqual([200, null])
})

test('a claim that nobody knows of is disowned after a minute, and its key free', async () => {
  const own = await proxy.customer('1000')
  const key = newKey()
  const client = new AbortController()
  const hanging = sendOnce(proxy, own.key, key, ask('sandbox-hang'), {
    signal: client.signal,
  }).catch(() => null)
  const id = await eventually(async () => {
    const [hold] = await database.sql<{ id: string }[]>`
      select id from holds where 'acc_' || account_id = ${own.accountId}`
    return hold?.id
  })
  const { db, instanceId } = proxy.app.database
  const isOwned = async () => {
    const [found] = await database.sql`
      select 1 from idempotency_keys where request_id = ${id} and instance_id is not null`
    return found !== undefined
  }
  await disownForgotten(db, instanceId(), [])
  expect(await isOwned()).toBe(true)
  await database.sql`update idempotency_keys
    set created_at = clock_timestamp() - interval '61 seconds' where request_id = ${id}`
  await disownForgotten(db, instanceId(), [id])
  expect(await isOwned()).toBe(true)
  await disownForgotten(db, instanceId(), [])
  expect(await isOwned()).toBe(false)
  client.abort()
  await hanging
})
