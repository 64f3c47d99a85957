import { randomUUIDv7 } from 'node:crypto'
import { expect, test } from 'vitest'
import { crashSettlement } from '../../src/recovery.ts'
import { findOlderHolds } from '../../src/store/instances.ts'
import { startProxy } from '../harness/proxy.ts'

test('a hold of ours without a request is found by its age, and released free of charge', async () => {
  const proxy = await startProxy()
  const customer = await proxy.customer('10')
  const { db, reserve, settlements, instanceId } = proxy.app.database
  const id = randomUUIDv7()
  const none = { requestsPerMinute: null, concurrency: null }
  await reserve.submit({
    id,
    accountId: customer.accountId.slice('acc_'.length),
    keyId: customer.keyId.slice('key_'.length),
    amount: 1_000_000n,
    minimum: 1_000_000n,
    terms: { endpoint: '/v1/chat/completions', stream: true },
    limits: { account: none, key: none },
  })
  expect(await findOlderHolds(db, instanceId(), 30)).toEqual([])
  const [hold] = await findOlderHolds(db, instanceId(), 0)
  expect(hold?.id).toBe(id)
  expect(await settlements.add(crashSettlement(hold as NonNullable<typeof hold>))).toMatchObject({
    charged: 0n,
  })
  const account = (await proxy.admin('GET', `/accounts/${customer.accountId}`)).body
  expect(account).toMatchObject({ posted: '10', held: '0' })
  await proxy.close()
})
