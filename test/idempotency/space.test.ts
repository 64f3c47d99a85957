import { randomUUIDv7 } from 'node:crypto'
import fc from 'fast-check'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Claim, createClaimLane } from '../../src/store/lanes/idempotency.ts'
import { createTestDatabase } from '../harness/database.ts'
import { HandClock } from '../store/hand-clock.ts'
import { claimOf, keep, spaceOf } from './rows.ts'

let database: Awaited<ReturnType<typeof createTestDatabase>>
let claims: ReturnType<typeof createClaimLane>
const owner = randomUUIDv7()
beforeAll(async () => {
  database = await createTestDatabase()
  const clock = new HandClock() // never moved: a claim waits as long as it takes
  claims = createClaimLane(database.url, { place: (claim) => claim(owner) }, clock)
  await database.sql`insert into instances (id, host) values (${owner}, 'test')`
})
afterAll(async () => {
  await claims.close()
  await database.sql.end()
})

async function claimed(accountId: string, key: number): Promise<Claim> {
  const claim = claimOf(accountId, key)
  expect((await claims.submit(claim)).outcome).toBe('claimed')
  return claim
}

const LIMITS = { account: 1_000, total: 2_500 }
const ALL = '00000000-0000-0000-0000-000000000000'

test('the newest answers are kept, up to the bounds of each account and of all, and counted exactly', async () => {
  const answers = fc.array(
    fc.record({ account: fc.nat(3), bytes: fc.integer({ min: 1, max: 1_100 }) }),
    { maxLength: 25 },
  )
  await fc.assert(
    fc.asyncProperty(answers, async (all) => {
      await database.sql`delete from idempotency_answers`
      await database.sql`delete from idempotency_keys`
      await database.sql`update idempotency_space set bytes = 0`
      const accounts = Array.from({ length: 4 }, () => randomUUIDv7())
      const kept: { id: string; account: number; bytes: number }[] = []
      for (const [at, { account, bytes }] of all.entries()) {
        const claim = await claimed(accounts[account] as string, at)
        await keep(database.sql, claim, bytes, LIMITS)
        kept.push({ id: claim.id, account, bytes })
        evict(kept, LIMITS.account, account)
        evict(kept, LIMITS.total)
      }
      const rows = await database.sql<{ id: string }[]>`
        select request_id as id from idempotency_answers order by expires_at`
      expect(rows.map(({ id }) => id)).toEqual(kept.map(({ id }) => id))
      const { counted, stored } = await spaceOf(database.sql)
      expect(counted).toEqual(stored)
    }),
    { numRuns: 60 },
  )
})

/** The model: the oldest go until what is left fits. */
function evict(kept: { account: number; bytes: number }[], max: number, account?: number): void {
  const isMeant = (one: { account: number }) => account === undefined || one.account === account
  const sum = () => kept.filter(isMeant).reduce((total, { bytes }) => total + bytes, 0)
  while (sum() > max) kept.splice(kept.findIndex(isMeant), 1)
}

test('what has expired is deleted a thousand at a time, and its space given back', async () => {
  const accountId = randomUUIDv7()
  for (let key = 0; key < 5; key += 1) {
    await keep(database.sql, await claimed(accountId, key), 10, LIMITS)
  }
  await database.sql`update idempotency_keys set expires_at = clock_timestamp()
    where account_id = ${accountId} and key <= ${Buffer.alloc(32, 2)}`
  await database.sql`update idempotency_answers a set expires_at = clock_timestamp()
    from idempotency_keys k where k.request_id = a.request_id and k.expires_at <= clock_timestamp()`
  const expire = async (rows: number) => {
    const [row] = await database.sql<{ n: number }[]>`select expire_answers_v1(${rows}) as n`
    return row?.n
  }
  expect([await expire(2), await expire(2), await expire(2)]).toEqual([2, 1, 0])
  const { counted, stored } = await spaceOf(database.sql)
  expect(counted).toEqual(stored)
  expect(counted[accountId]).toBe(20)
  const [left] = await database.sql`select count(*)::int as n from idempotency_keys
    where account_id = ${accountId}`
  expect(left?.n).toBe(2)
})

test('keeping, making room and expiring at the same time neither miscounts nor deadlocks', async () => {
  const sql = postgres(database.url, { max: 6 })
  const accounts = Array.from({ length: 3 }, () => randomUUIDv7())
  const keeping = Array.from({ length: 120 }, async (_, at) => {
    const claim = await claimed(accounts[at % 3] as string, at)
    await keep(sql, claim, 100 + at, LIMITS)
    if (at % 5 === 0) await sql`select expire_answers_v1(10)`
    if (at % 7 === 0) {
      await sql`update idempotency_answers set expires_at = clock_timestamp()
        where request_id = ${claim.id}`
    }
  })
  await Promise.all(keeping)
  await sql.end()
  const { counted, stored } = await spaceOf(database.sql)
  expect(counted).toEqual(stored)
  expect(counted[ALL]).toBeLessThanOrEqual(LIMITS.total)
})
