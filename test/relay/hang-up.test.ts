import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import {
  type Customer,
  eventually,
  startProxy,
  type Proxy as Tollkeeper,
} from '../harness/proxy.ts'
import { ASK, ASK_STREAM, watch } from './client.ts'
import { answerAsAsked, openStream, type Seen, startUpstream, type Upstream } from './upstream.ts'

let upstream: Upstream
let proxy: Tollkeeper
let customer: Customer
let answer: (response: ServerResponse, seen: Seen) => void
beforeAll(async () => {
  upstream = await startUpstream((response, seen) => answer(response, seen))
  proxy = await startProxy({ env: { OPENAI_BASE_URL: upstream.origin } })
})
beforeEach(async () => {
  upstream.seen.length = 0
  customer = await proxy.customer('1000')
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

const balance = async () => (await proxy.admin('GET', `/accounts/${customer.accountId}`)).body

/** The credits of the account are free again, and all there. */
async function expectUncharged(): Promise<void> {
  await eventually(async () => (await balance()).held === '0' || undefined)
  expect(await balance()).toMatchObject({ posted: '1000', available: '1000' })
}

const PATH = '/v1/chat/completions'

const MOMENTS = [
  ['before the upstream has answered', () => {}],
  ['when the upstream has sent its head', (response: ServerResponse) => openStream(response)],
  [
    'when the upstream has sent half an event',
    (response: ServerResponse) => openStream(response).write('data: {"id"'),
  ],
] as const

for (const [kind, body] of Object.entries({ 'a stream': ASK_STREAM, 'a whole answer': ASK })) {
  test.each(MOMENTS)(`a client of ${kind} that leaves %s stops the upstream`, async (_, act) => {
    answer = act
    const client = watch(proxy, customer.key, body)
    const seen = await eventually(() => upstream.seen[0])
    expect(seen.gone).toBe(false)
    client.hangUp()
    await eventually(() => seen.gone || undefined)
    expect(client.head()).toBe(null)
    const id = seen.headers['x-request-id'] as string
    expect(await proxy.settled(id)).toMatchObject({ outcome: 'client_gone', charged: '0' })
    await expectUncharged()
  })
}

test('a client that leaves while its hold is placed costs nothing, and reaches no upstream', async () => {
  answer = answerAsAsked
  let client: ReturnType<typeof watch> | undefined
  // a hold waits for half a second at most: both connections are there before it
  await Promise.all([proxy.sql`select pg_sleep(0.05)`, proxy.sql`select pg_sleep(0.05)`])
  await proxy.sql.begin(async (sql) => {
    const id = customer.accountId.replace('acc_', '')
    await sql`select 1 from accounts where id = ${id} for update`
    client = watch(proxy, customer.key, ASK_STREAM)
    await eventually(async () => {
      const waiting = await proxy.sql`
        select 1 from pg_stat_activity
        where wait_event_type = 'Lock' and query like '%reserve%' and datname = current_database()`
      return waiting.length > 0 || undefined
    })
    client.hangUp()
    await eventually(() => client?.ended() ?? undefined)
  })
  const line = await eventually(() =>
    proxy.logs.find((one) => one.account_id === customer.accountId && one.endpoint === PATH),
  )
  expect(line).toMatchObject({ msg: 'request', outcome: 'client_gone', charged: '0' })
  await expectUncharged()
  expect(upstream.seen).toEqual([])
  const lines = proxy.logs.filter((one) => one.endpoint === PATH && one.status === 499)
  expect(lines.filter((one) => one.request_id === line.request_id)).toEqual([line])
  expect(lines.at(-1)).toBe(line)
})
