import { setTimeout as sleep } from 'node:timers/promises'
import { expectThat } from './checks/check.ts'
import type { World } from './world.ts'

export type Customer = { accountId: string; key: string; credits: string }

/** Time a request may take to be settled, and an account to hold nothing, in ms. */
const SETTLE_MS = 15_000
const POLL_MS = 25

/** An account of its own for one check, so that nothing else is in its books. */
export async function newCustomer({ admin }: World, credits = '1000'): Promise<Customer> {
  const account = await admin('POST', '/accounts', { name: 'upstreams', credits })
  const { key } = await admin('POST', `/accounts/${account.id}/keys`, {})
  return { accountId: account.id, key, credits }
}

/** The record of a request, once it is settled. */
export async function recordOf({ admin }: World, requestId: string): Promise<any> {
  return await eventually(`the request ${requestId} is not settled`, async () => {
    const record = await admin('GET', `/requests/${requestId}`).catch(() => null)
    return record === null || record.state === 'running' ? undefined : record
  })
}

/** Throws unless a call was answered well; with what its record says of the reason. */
export async function expectAnswered(
  world: World,
  { status, text, requestId }: { status: number; text: string; requestId: string },
): Promise<void> {
  if (status === 200) return
  const { error, attempts } = await recordOf(world, requestId)
  const told = JSON.stringify({ causes: error?.causes, message: error?.message, attempts })
  throw new Error(`answered ${status}: ${text}, because of ${told}`)
}

/** The credits an account has paid, once none are held; as they stand in its books. */
export async function paidBy({ admin }: World, { accountId, credits }: Customer): Promise<number> {
  const account = await eventually('credits stay held', async () => {
    const found = await admin('GET', `/accounts/${accountId}`)
    return found.held === '0' ? found : undefined
  })
  expectThat(!account.available.startsWith('-'), `the account has ${account.available} left`)
  return Number(credits) - Number(account.posted)
}

/** Waits until a check finds something; throws these words when it does not. */
export async function eventually<T>(
  otherwise: string,
  check: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const deadline = performance.now() + SETTLE_MS
  for (;;) {
    const found = await check()
    if (found !== undefined) return found
    if (performance.now() > deadline) throw new Error(`after ${SETTLE_MS} ms ${otherwise}`)
    await sleep(POLL_MS)
  }
}
