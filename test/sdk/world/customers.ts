import { setTimeout as sleep } from 'node:timers/promises'
import type { World } from './world.ts'

/** What an account and its key are made with. */
export type Terms = {
  /** Credits, a decimal string. Default 1000. */
  credits?: string
  tier?: string
  requestsPerMinute?: number
  /** Sent instead of the key. */
  key?: string
}

export type Customer = { accountId: string; keyId: string; key: string; credits: string }

/** What the books say when nothing of an account runs any more. */
export type Books = {
  /** Credits the account has paid. */
  charged: number
  /** The outcomes of its requests, the latest first. */
  outcomes: string[]
  /** How many of them the upstream was let finish. */
  finished: number
}

/** Time that holds may take to be settled after the answer, in ms. */
const SETTLE_MS = 30_000
const POLL_MS = 50

/** An account of its own for one cell, so that nothing but the cell is in its books. */
export async function newCustomer({ admin }: World, terms: Terms = {}): Promise<Customer> {
  const { credits = '1000', tier, requestsPerMinute } = terms
  const account = await admin('POST', '/accounts', { name: 'sdk', credits, ...(tier && { tier }) })
  const limits = requestsPerMinute ? { requests_per_minute: requestsPerMinute } : {}
  const { id, key } = await admin('POST', `/accounts/${account.id}/keys`, limits)
  return { accountId: account.id, keyId: id, key: terms.key ?? key, credits }
}

/** Reads the books once nothing is held; throws when something stays held. */
export async function readBooks({ admin, sandbox }: World, customer: Customer): Promise<Books> {
  const path = `/accounts/${customer.accountId}`
  const deadline = performance.now() + SETTLE_MS
  let account = await admin('GET', path)
  while (account.held !== '0') {
    if (performance.now() > deadline) throw new Error(`${account.held} credits stay held`)
    await sleep(POLL_MS)
    account = await admin('GET', path)
  }
  const { data } = await admin('GET', `/requests?account_id=${customer.accountId}`)
  const requests = data as { id: string; outcome: string }[]
  const outcomes = requests.map(({ outcome }) => outcome)
  const finished = requests.filter(({ id }) => sandbox.calls.get(id)?.finished).length
  return { charged: Number(customer.credits) - Number(account.posted), outcomes, finished }
}
