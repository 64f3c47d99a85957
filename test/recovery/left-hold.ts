import { randomUUIDv7 } from 'node:crypto'
import { expect } from 'vitest'
import { eventually, type Proxy as Tollkeeper } from '../harness/proxy.ts'

const NONE = { requestsPerMinute: null, tokensPerMinute: null, concurrency: null, spend: null }

/**
 * Places a hold of 1 of an account's 10 credits, for a request that nobody serves.
 * @returns its id, and its account's
 */
export async function leaveHold(proxy: Tollkeeper): Promise<{ id: string; accountId: string }> {
  const { accountId, keyId } = await proxy.customer('10')
  const id = randomUUIDv7()
  await proxy.app.database.reserve.submit({
    id,
    accountId: accountId.slice('acc_'.length),
    keyId: keyId.slice('key_'.length),
    amount: 1_000_000n,
    minimum: 1_000_000n,
    tokens: 1,
    terms: { endpoint: '/v1/chat/completions', stream: true },
    limits: { account: NONE, key: NONE },
  })
  return { id, accountId }
}

/** Waits until it is settled, at its checkpoint. */
export async function expectSettled(
  proxy: Tollkeeper,
  { id, accountId }: { id: string; accountId: string },
): Promise<void> {
  const record = await eventually(async () => {
    const { body } = await proxy.admin('GET', `/requests/${id}`)
    return body.state === 'settled' ? body : undefined
  }, 40)
  expect(record).toMatchObject({ outcome: 'crashed', charged: '0.25' })
  const account = (await proxy.admin('GET', `/accounts/${accountId}`)).body
  expect(account).toMatchObject({ posted: '9.75', held: '0' })
}
