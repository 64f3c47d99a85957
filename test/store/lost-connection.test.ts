import { randomUUIDv7 } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Owner } from '../../src/leases/owner.ts'
import { createReserveLane, type Reservation } from '../../src/store/lanes/reserve.ts'
import { createTestDatabase } from '../harness/database.ts'
import { FaultProxy } from '../harness/fault-proxy.ts'
import { eventually } from '../harness/proxy.ts'
import { HandClock } from './hand-clock.ts'
import { LedgerSql } from './ledger-sql.ts'

const NO_LIMITS = { requestsPerMinute: null, tokensPerMinute: null, concurrency: null, spend: null }
const INSTANCE = randomUUIDv7()

/** Milliseconds after which a lane does not wait for an answer any more. */
const CALL_TIMEOUT_MS = 300

let ledger: LedgerSql
let account: string
let link: FaultProxy
let lane: ReturnType<typeof createReserveLane>
let clock: HandClock

beforeEach(async () => {
  const database = await createTestDatabase()
  ledger = new LedgerSql(database.sql)
  account = await ledger.addAccount()
  await ledger.grant(account, 'initial', 1_000n)
  link = await FaultProxy.start(database.url)
  clock = new HandClock()
  lane = createReserveLane(link.url, new Owner(INSTANCE, async () => INSTANCE), clock)
})
afterEach(async () => {
  await lane.close()
  await link.close()
  await ledger.sql.end()
})

function reservation(amount: bigint): Reservation {
  const limits = { account: NO_LIMITS, key: NO_LIMITS }
  const id = randomUUIDv7()
  const keyId = randomUUIDv7()
  return { id, accountId: account, keyId, amount, minimum: amount, tokens: 1, terms: {}, limits }
}

async function heldCredits(): Promise<string | undefined> {
  return (await ledger.state([account])).accounts[0]?.[2]
}

async function openHolds(): Promise<(string | undefined)[]> {
  return (await ledger.state([account])).holds.map(([, , amount]) => amount).toSorted()
}

test('a hold whose answer was cut off is placed once', async () => {
  expect(await lane.submit(reservation(1n))).toMatchObject({ outcome: 'held' })
  link.dropNextAnswer()
  const answers = [5n, 7n].map((amount) => lane.submit(reservation(amount)))
  expect(await Promise.all(answers)).toMatchObject([
    { outcome: 'held', granted: 5n },
    { outcome: 'held', granted: 7n },
  ])
  expect(await heldCredits()).toBe('13')
  expect(await openHolds()).toEqual(['1', '5', '7'])
  expect(link.made).toBe(2)
})

test('a hold whose answer never came is placed once over a new connection', async () => {
  expect(await lane.submit(reservation(1n))).toMatchObject({ outcome: 'held' })
  link.mute()
  const answer = lane.submit(reservation(5n))
  await eventually(async () => (await heldCredits()) === '6' || undefined)
  clock.pass(CALL_TIMEOUT_MS)
  expect(await answer).toMatchObject({ outcome: 'held', granted: 5n })
  expect(await heldCredits()).toBe('6')
  expect(await openHolds()).toEqual(['1', '5'])
  expect(link.made).toBe(2)
})

test('a hold is placed after Postgres has ended its session', async () => {
  expect(await lane.submit(reservation(1n))).toMatchObject({ outcome: 'held' })
  const ended = await ledger.sql`select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'tollkeeper-reserve' and datname = current_database()`
  expect(ended).toHaveLength(1)
  expect(await lane.submit(reservation(5n))).toMatchObject({ outcome: 'held', granted: 5n })
  expect(await heldCredits()).toBe('6')
})

test('no hold is placed while Postgres is away, and again when it is back', async () => {
  await link.refuse()
  await expect(lane.submit(reservation(5n))).rejects.toMatchObject({ code: 'ledger_unavailable' })
  await link.accept()
  expect(await lane.submit(reservation(7n))).toMatchObject({ outcome: 'held' })
  expect(await heldCredits()).toBe('7')
})

test('a hold that the database refuses takes no other with it', async () => {
  const impossible = lane.submit(reservation(-1n))
  const beside = [3n, 4n].map((amount) => lane.submit(reservation(amount)))
  await expect(impossible).rejects.toMatchObject({ code: 'ledger_unavailable' })
  expect(await Promise.all(beside)).toMatchObject([{ granted: 3n }, { granted: 4n }])
  expect(await heldCredits()).toBe('7')
})
