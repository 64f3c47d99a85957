import { randomUUIDv7 } from 'node:crypto'
import { test } from 'vitest'
import { startProxy } from '../harness/proxy.ts'
import { expectSettled, leaveHold } from './left-hold.ts'

test('a hold is settled at its checkpoint also where nobody has looked for a month', async () => {
  const proxy = await startProxy()
  const left = await leaveHold(proxy)
  const instanceId = randomUUIDv7()
  await proxy.sql`insert into instances (id, host, state) values (${instanceId}, 'gone', 'dead')`
  await proxy.sql`update holds set instance_id = ${instanceId}, metered = 250000,
    created_at = created_at - interval '30 days' where id = ${left.id}`
  await expectSettled(proxy, left)
  await proxy.close()
}, 90_000)
