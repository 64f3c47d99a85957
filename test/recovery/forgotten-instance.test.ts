import { randomUUIDv7 } from 'node:crypto'
import { expect, test } from 'vitest'
import { eventually, startProxy } from '../harness/proxy.ts'

test('a hold of an instance that was forgotten is settled at its checkpoint', async () => {
  const proxy = await startProxy()
  const { accountId, keyId } = await proxy.customer('10')
  const id = randomUUIDv7()
  const none = { requestsPerMinute: null, tokensPerMinute: null, concurrency: null, spend: null }
  await proxy.app.database.reserve.submit({
    id,
    accountId: accountId.slice('acc_'.length),
    keyId: keyId.slice('key_'.length),
    amount: 1_000_000n,
    minimum: 1_000_000n,
    tokens: 1,
    terms: { endpoint: '/v1/chat/completions', stream: true },
    limits: { account: none, key: none },
  })
  await proxy.sql`update holds set instance_id = ${randomUUIDv7()}, metered = 250000
    where id = ${id}`
  const record = await eventually(async () => {
    const { body } = await proxy.admin('GET', `/requests/${id}`)
    return body.state === 'settled' ? body : undefined
  }, 40)
  expect(record).toMatchObject({ outcome: 'crashed', charged: '0.25' })
  const account = (await proxy.admin('GET', `/accounts/${accountId}`)).body
  expect(account).toMatchObject({ posted: '9.75', held: '0' })
  await proxy.close()
}, 90_000)
