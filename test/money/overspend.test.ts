import { expect, test } from 'vitest'
import { formatCredits } from '../../src/domain/credits.ts'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { holdOf, nothingHeld, REQUESTS, sendBurst, watchAvailable } from './burst.ts'

/** Rounds of each test; the figure of the promise is 20 of 20. */
const RUNS = Number(process.env.TEST_RUNS ?? 3)
const PAID_FOR = 10
const LONG = { timeout: 600_000 }

const requestOf = (stream: boolean) => ({
  model: 'sandbox-echo',
  stream,
  max_tokens: 50,
  messages: [{ role: 'user', content: 'Hello there' }],
})

/** 500 at once on an account that can pay for 10, and nothing ends before all are decided. */
async function spendAll(proxies: Tollkeeper[], stream: boolean): Promise<void> {
  const proxy = proxies[0] as Tollkeeper
  const { sandbox } = proxy
  const body = requestOf(stream)
  const credits = formatCredits((await holdOf(proxy, body)) * BigInt(PAID_FOR))
  const customer = await proxy.customer(credits)
  const watch = watchAvailable(proxy, customer)
  sandbox.clear()
  sandbox.hold()
  const { refused, answers } = sendBurst(proxies, customer.key, body)
  await eventually(() => sandbox.waiting() + refused.length === REQUESTS || undefined)
  expect(sandbox.waiting()).toBe(PAID_FOR)
  sandbox.release()

  const answered = (await answers).filter(({ status }) => status === 200)
  expect(answered).toHaveLength(PAID_FOR)
  for (const { text } of answered) expect(text).toMatch(stream ? /data: \[DONE\]\n\n$/ : /"usage"/)
  const reasons = new Set(refused.map(({ code, status }) => `${status} ${code}`))
  expect([...reasons]).toEqual(['429 credits_held']) // posted could pay, running requests hold it
  expect(sandbox.calls.size).toBe(PAID_FOR)
  await nothingHeld(proxy, customer)
  expect(await watch.stop()).toBe(0n)
  expect((await proxy.admin('GET', '/audit')).body).toMatchObject({ ok: true })
}

const KINDS = [
  ['streams', true],
  ['plain requests', false],
] as const

test.for(KINDS)('one instance admits 10 of 500 %s at once', LONG, async ([, stream]) => {
  const proxy = await startProxy()
  for (let run = 0; run < RUNS; run += 1) await spendAll([proxy], stream)
  await proxy.close()
})

test.for(KINDS)('two instances admit 10 of 500 %s at once', LONG, async ([, stream]) => {
  const one = await startProxy()
  const two = await startProxy({ databaseUrl: one.databaseUrl, sandbox: one.sandbox })
  for (let run = 0; run < RUNS; run += 1) await spendAll([one, two], stream)
  await two.close()
  await one.close()
})
