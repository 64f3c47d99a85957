import { setTimeout as sleep } from 'node:timers/promises'
import type { Customer } from './customers.ts'
import type { World } from './world.ts'

/** Requests a minute of a key whose next one is free in 5 s: no client comes later than that. */
const PER_MINUTE = 12
const RETRY_AFTER_S = 5
/** Time until a changed limit must be known, and a request be spent of it, in ms. */
const TOLD_MS = 20_000
const POLL_MS = 50

/** Spends the one request a minute that a key has, then gives it more, though none left for now. */
export async function untilLimited(world: World, customer: Customer): Promise<void> {
  if ((await send(world, customer)).status !== 200) throw new Error('the first request failed')
  const limits = { requests_per_minute: PER_MINUTE }
  await world.admin('PATCH', `/keys/${customer.keyId}`, limits)
  const deadline = performance.now() + TOLD_MS
  while (performance.now() < deadline) {
    const { status, headers } = await send(world, customer)
    if (status === 429 && Number(headers.get('retry-after')) === RETRY_AFTER_S) return
    await sleep(POLL_MS)
  }
  throw new Error('the key did not get its new limit')
}

async function send({ server }: World, { key }: Customer): Promise<Response> {
  const response = await fetch(`${server.origin}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'sandbox-echo', messages: [{ role: 'user', content: 'hi' }] }),
  })
  await response.body?.cancel()
  return response
}
