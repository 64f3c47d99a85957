import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { putTier, send } from './setup.ts'

const PER_MINUTE = 120
const SECONDS = Number(process.env.TEST_SECONDS ?? 4)
/** Each sends one request after the other; together well above five times the limit. */
const CLIENTS = 6
const PAUSE_MS = 50

/** Units of a request in its bucket, of which a microsecond adds as many as the limit has. */
const UNIT = 60_000_000n

let proxies: Tollkeeper[]
beforeAll(async () => {
  const first = await startProxy()
  const shared = { databaseUrl: first.databaseUrl, sandbox: first.sandbox }
  proxies = [first, await startProxy(shared), await startProxy(shared)]
})
afterAll(async () => {
  for (const proxy of proxies.toReversed()) await proxy.close()
})

test('three instances under many times a limit admit what it allows, to the request', async ({
  annotate,
}) => {
  const [first] = proxies as [Tollkeeper]
  await putTier(proxies, 'narrow', { requests_per_minute: PER_MINUTE })
  const { key, accountId } = await first.customer('1000', { tier: 'narrow' })
  /** Microseconds on the database's clock. */
  const now = async () => {
    const [row] = await first.sql`
      select (extract(epoch from clock_timestamp()) * 1000000)::bigint as now`
    return BigInt(row?.now)
  }
  const statuses: number[] = []
  const ask = async (index: number) => {
    const proxy = proxies[index % proxies.length] as Tollkeeper
    const { status } = await send(proxy, key)
    statuses.push(status)
    return status
  }
  const client = async (index: number) => {
    while (performance.now() < until) {
      await ask(index)
      await delay(PAUSE_MS)
    }
  }

  const beforeFirst = await now()
  await ask(0)
  const afterFirst = await now()
  const until = performance.now() + SECONDS * 1_000
  const burst = Array.from({ length: PER_MINUTE }, (_, index) => ask(index))
  await Promise.all([...burst, ...Array.from({ length: CLIENTS }, (_, index) => client(index))])
  const beforeLast = await now()
  let asked = 0 // until nothing is left of what has flown in
  do asked += 1
  while ((await ask(asked)) === 200)
  const afterLast = await now()

  const admitted = BigInt(statuses.filter((status) => status === 200).length)
  const [bucket] = await first.sql`
    select level, at from rate_buckets where id = ${accountId.slice(4)}`
  await annotate(`${admitted} of ${statuses.length} admitted`)
  expect(new Set(statuses)).toEqual(new Set([200, 429]))
  const limit = BigInt(PER_MINUTE)
  const allowed = (from: bigint, to: bigint) => limit + ((to - from) * limit) / UNIT
  expect(admitted).toBeGreaterThanOrEqual(allowed(afterFirst, beforeLast))
  expect(admitted).toBeLessThanOrEqual(allowed(beforeFirst, afterLast))
  // What was drawn, and is left, has all flown in since the first request: it began full.
  const flown = admitted * UNIT + BigInt(bucket?.level) - limit * UNIT
  const began = BigInt(bucket?.at) - flown / limit
  expect(began).toBeGreaterThanOrEqual(beforeFirst)
  expect(began).toBeLessThanOrEqual(afterFirst)
})
