import { randomUUID, randomUUIDv7 } from 'node:crypto'
import fc from 'fast-check'
import type postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase } from '../harness/database.ts'
import { BucketModel, UNIT, waitMs } from '../store/ledger-limits.ts'
import { LedgerSql } from '../store/ledger-sql.ts'

const MINUTE = 60_000_000n
const NOW = 1_800_000_000_000_000n
const YEAR = 525_600n * MINUTE
/** The highest limit that can be set. */
const LIMIT_MAX = 1_000_000_000n

let sql: postgres.Sql
let ledger: LedgerSql
beforeAll(async () => {
  sql = (await createTestDatabase()).sql
  ledger = new LedgerSql(sql)
})
afterAll(() => sql.end())

async function levelOf(id: string, limit: bigint, now: bigint): Promise<bigint> {
  const [row] = await sql<{ level: string }[]>`
    select token_level_v1(${id}, ${String(limit)}, ${String(now)}) as level`
  return BigInt(row?.level as string)
}

const draw = (id: string, level: bigint, now: bigint) =>
  sql`select draw_tokens_v1(${id}, ${String(level)}, ${String(now)})`

const giveBack = (id: string, limit: bigint, tokens: bigint, now: bigint) =>
  sql`select return_tokens_v1(array[${id}]::uuid[], array[${String(limit)}]::bigint[],
    array[${String(tokens)}]::bigint[], ${String(now)})`

const limit = fc.oneof(fc.bigInt({ min: 1n, max: 90n }), fc.constantFrom(1_000_000n, LIMIT_MAX))
const step = fc.record({
  gap: fc.oneof(fc.bigInt({ min: 0n, max: 3n * MINUTE }), fc.bigInt({ min: 0n, max: YEAR })),
  tokens: fc.oneof(fc.bigInt({ min: 0n, max: 200n }), fc.bigInt({ min: 0n, max: 2n * LIMIT_MAX })),
  used: fc.oneof(fc.bigInt({ min: 0n, max: 300n }), fc.bigInt({ min: 0n, max: 33_554_432n })),
})

test('a bucket of tokens is what an exact one is, in debt too', async () => {
  const steps = fc.array(step, { minLength: 1, maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(limit, steps, async (perMinute, all) => {
      const [id, exact] = [randomUUID(), new BucketModel()]
      let now = NOW
      for (const { gap, tokens, used } of all) {
        now += gap
        const level = await levelOf(id, perMinute, now)
        expect(level).toBe(exact.level(id, perMinute, now))
        expect(level).toBeLessThanOrEqual(perMinute * UNIT)
        const missing = (tokens < perMinute ? tokens : perMinute) * UNIT - level
        const [wait] = await sql`
          select token_wait_v1(${String(level)}, ${String(tokens)}, ${String(perMinute)}) as ms`
        expect(BigInt(wait?.ms)).toBe(waitMs(missing, perMinute))
        if (missing > 0n) continue
        await draw(id, level - tokens * UNIT, now)
        exact.set(id, level - tokens * UNIT, now)
        now += gap
        await giveBack(id, perMinute, tokens - used, now)
        exact.give(id, perMinute, tokens - used, now)
      }
    }),
    { numRuns: 30 },
  )
})

test.for([1n, 60n, LIMIT_MAX])(
  'a debt of most of an hour under a limit of %s is paid off',
  async (most) => {
    const id = randomUUID()
    await draw(id, -50n * most * UNIT, NOW)
    expect(await levelOf(id, most, NOW + 49n * MINUTE)).toBe(-most * UNIT)
    expect(await levelOf(id, most, NOW + 51n * MINUTE)).toBe(most * UNIT)
    expect(await levelOf(id, most, NOW + 200n * YEAR)).toBe(most * UNIT)
  },
)

test('no number of requests leaves what a bucket can count', async () => {
  const account = await ledger.addAccount()
  const limits = { accountTpm: LIMIT_MAX }
  const ids = Array.from({ length: 200 }, () => randomUUIDv7())
  const rows = ids.map((id) => ({ id, account, amount: 0n, minimum: 0n }))
  for (const row of rows) {
    await draw(account, LIMIT_MAX * UNIT, NOW) // full again
    const answers = await ledger.reserve([{ ...row, limits, tokens: 1_300_000_000n }], false)
    expect(answers.get(row.id)?.outcome).toBe('held')
  }
  await ledger.settle(rows.map((row) => ({ ...row, cost: 0n, tokens: 0n }))) // all is given back
  const [bucket] = await sql`select level from token_buckets where id = ${account}`
  expect(BigInt(bucket?.level)).toBe(LIMIT_MAX * UNIT)
  for (let i = 0; i < 3; i += 1) await giveBack(account, LIMIT_MAX, -60_000_000_000n, NOW)
  expect(await levelOf(account, LIMIT_MAX, NOW)).toBe(-4_000_000_000_000_000_000n)
  expect(await levelOf(account, LIMIT_MAX, NOW + YEAR)).toBe(LIMIT_MAX * UNIT)
})

test('a clock that is set back makes nobody wait until it has caught up', async () => {
  const id = randomUUID()
  await draw(id, -10n * UNIT, NOW)
  expect(await levelOf(id, 60n, NOW - YEAR)).toBe(60n * UNIT)
})

test('a crash leaves what its request drew, and its late result does so too', async () => {
  const account = await ledger.addAccount()
  const id = randomUUIDv7()
  const row = { id, account, amount: 0n, minimum: 0n, tokens: 30n, limits: { accountTpm: 100n } }
  await ledger.reserve([row], false)
  const left = async () => (await sql`select level, at from token_buckets where id = ${account}`)[0]
  const drawn = await left()
  expect(drawn?.level).toBe(String(70n * UNIT))
  await ledger.settle([{ id, account, cost: 0n, crashed: true }])
  expect(await left()).toEqual(drawn)
  await ledger.settle([{ id, account, cost: 0n, tokens: 1n }])
  expect(await left()).toEqual(drawn)
})
