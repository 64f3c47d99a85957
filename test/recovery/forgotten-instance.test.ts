import { randomUUIDv7 } from 'node:crypto'
import { test } from 'vitest'
import { startProxy } from '../harness/proxy.ts'
import { expectSettled, leaveHold } from './left-hold.ts'

test('a hold of an instance that was forgotten is settled at its checkpoint', async () => {
  const proxy = await startProxy()
  const left = await leaveHold(proxy)
  await proxy.sql`update holds set instance_id = ${randomUUIDv7()}, metered = 250000
    where id = ${left.id}`
  await expectSettled(proxy, left)
  await proxy.close()
}, 90_000)
