import { randomUUIDv7 } from 'node:crypto'
import { expect, test } from 'vitest'
import { eventually, startProxy } from '../harness/proxy.ts'

test('a hold whose answer was lost is found, and released free of charge', async () => {
  const proxy = await startProxy()
  const customer = await proxy.customer('10')
  const id = randomUUIDv7()
  const none = { requestsPerMinute: null, tokensPerMinute: null, concurrency: null, spend: null }
  await proxy.app.database.reserve.submit({
    id,
    accountId: customer.accountId.slice('acc_'.length),
    keyId: customer.keyId.slice('key_'.length),
    amount: 1_000_000n,
    minimum: 1_000_000n,
    tokens: 1,
    terms: { endpoint: '/v1/chat/completions', stream: true },
    limits: { account: none, key: none },
  })
  const account = async () => (await proxy.admin('GET', `/accounts/${customer.accountId}`)).body
  expect(await account()).toMatchObject({ posted: '10', held: '1' })
  await eventually(async () => (await account()).held === '0', 40)
  expect(await account()).toMatchObject({ posted: '10' })
  expect(await proxy.settled(id)).toMatchObject({ outcome: 'crashed', charged: '0' })
  expect(proxy.logs.find((line) => line.request_id === id)).toMatchObject({ level: 40 })
  await proxy.close()
}, 90_000)
