import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ask } from '../idempotency/setup.ts'
import { watch } from '../relay/client.ts'
import { LOOPBACK } from '../routing/setup.ts'
import { putPolicy } from './setup.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy({ env: LOOPBACK })
  for (const policy of ['cancel', 'finish'] as const) {
    await putPolicy(proxy, policy, { on_disconnect: policy })
  }
})
afterAll(() => proxy.close())

test.each(['cancel', 'finish'])(
  'a client that leaves while its hold is placed costs nothing under %s, and reaches no upstream',
  async (policy) => {
    const { key, accountId } = await proxy.customer('1000')
    const calls = proxy.sandbox.calls.size
    // a hold waits for half a second at most: both connections are there before it
    await Promise.all([proxy.sql`select pg_sleep(0.05)`, proxy.sql`select pg_sleep(0.05)`])
    await proxy.sql.begin(async (sql) => {
      await sql`select 1 from accounts where id = ${accountId.replace('acc_', '')} for update`
      const client = watch(proxy, key, ask(policy, true))
      await eventually(async () => {
        const waiting = await proxy.sql`
          select 1 from pg_stat_activity
          where wait_event_type = 'Lock' and query like '%reserve%'
            and datname = current_database()`
        return waiting.length > 0 || undefined
      })
      client.hangUp()
      await eventually(() => client.ended() ?? undefined)
    })
    const line = await eventually(() =>
      proxy.logs.find((one) => one.account_id === accountId && one.msg === 'request'),
    )
    expect(line).toMatchObject({ outcome: 'client_gone', charged: '0' })
    const { body } = await proxy.admin('GET', `/accounts/${accountId}`)
    expect(body).toMatchObject({ posted: '1000', held: '0' })
    expect(proxy.sandbox.calls.size).toBe(calls)
  },
)
