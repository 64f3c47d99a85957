import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import type postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase } from '../harness/database.ts'

/** Units of one request in a bucket; a minute has as many microseconds. */
const REQUEST = 60_000_000n
const MINUTE = 60_000_000n
const NOW = 1_800_000_000_000_000n
const YEAR = 525_600n * MINUTE

let sql: postgres.Sql
beforeAll(async () => {
  sql = (await createTestDatabase()).sql
})
afterAll(() => sql.end())

async function levelOf(id: string, limit: number, now: bigint): Promise<bigint> {
  const [row] = await sql<{ level: string }[]>`
    select bucket_level_v1(${id}::uuid, ${limit}::int, ${now.toString()}::bigint) as level`
  return BigInt(row?.level as string)
}

/** Asks for a request at a time, as reserve_v3 does. @returns whether it was admitted */
async function admit(id: string, limit: number, now: bigint): Promise<boolean> {
  const level = await levelOf(id, limit, now)
  if (level < REQUEST) return false
  const left = (level - REQUEST).toString()
  await sql`select draw_bucket_v1(${id}::uuid, ${left}::bigint, ${now.toString()}::bigint)`
  return true
}

/** What a bucket is meant to do, in fractions of a request, with nothing rounded. */
class ExactBucket {
  #have: { units: bigint; at: bigint } | null = null

  admit(limit: number, now: bigint): boolean {
    const full = BigInt(limit) * REQUEST
    const had = this.#have ?? { units: full, at: now }
    const flown = had.units + ((now - had.at) * full) / MINUTE
    const units = flown < full ? flown : full
    if (units < REQUEST) return false
    this.#have = { units: units - REQUEST, at: now }
    return true
  }
}

const gap = fc.oneof(
  fc.constant(0n),
  fc.bigInt({ min: 0n, max: 2_000_000n }),
  fc.bigInt({ min: 0n, max: 3n * MINUTE }),
)
const limit = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constantFrom(60, 600, 1_000_000))

test('a bucket admits what an exact one admits, and in no time more than its limit', async () => {
  const gaps = fc.array(gap, { minLength: 1, maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(limit, gaps, async (perMinute, between) => {
      const [id, exact] = [randomUUID(), new ExactBucket()]
      const admitted: bigint[] = []
      let now = NOW
      for (const pause of between) {
        now += pause
        const isAdmitted = await admit(id, perMinute, now)
        expect(isAdmitted).toBe(exact.admit(perMinute, now))
        if (isAdmitted) admitted.push(now)
      }
      for (const [first, from] of admitted.entries()) {
        for (const [last, to] of admitted.entries()) {
          const most = perMinute + Number(((to - from) * BigInt(perMinute)) / MINUTE)
          if (last >= first) expect(last - first + 1).toBeLessThanOrEqual(most)
        }
      }
    }),
    { numRuns: 40 },
  )
})

test('a bucket whose limit changes has never more than the limit of the moment', async () => {
  const steps = fc.array(fc.tuple(limit, gap), { minLength: 1, maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(steps, async (changes) => {
      const id = randomUUID()
      let now = NOW
      for (const [perMinute, pause] of changes) {
        now += pause
        const level = await levelOf(id, perMinute, now)
        expect(level >= 0n && level <= BigInt(perMinute) * REQUEST).toBe(true)
        await admit(id, perMinute, now)
      }
    }),
    { numRuns: 20 },
  )
})

test.for([1, 60, 1_000_000])(
  'a bucket of %i a minute that nobody asked for 200 years is full',
  async (perMinute) => {
    const id = randomUUID()
    expect(await admit(id, perMinute, NOW)).toBe(true)
    expect(await levelOf(id, perMinute, NOW + 200n * YEAR)).toBe(BigInt(perMinute) * REQUEST)
  },
)

test('a clock that is set back keeps nobody out for longer than two requests take', async () => {
  const time = fc.oneof(
    fc.bigInt({ min: 0n, max: 5_000_000n }),
    fc.bigInt({ min: 0n, max: 60n * MINUTE }),
    fc.bigInt({ min: 0n, max: YEAR }),
  )
  await fc.assert(
    fc.asyncProperty(limit, time, time, async (perMinute, back, after) => {
      const id = randomUUID()
      await sql`select draw_bucket_v1(${id}::uuid, 0, ${NOW.toString()}::bigint)`
      const asked = NOW - back + after
      const full = BigInt(perMinute) * REQUEST
      expect(await levelOf(id, perMinute, asked)).toBeLessThanOrEqual(full)
      if (await admit(id, perMinute, asked)) return
      const patient = asked + (2n * MINUTE) / BigInt(perMinute) + 1n
      expect(await admit(id, perMinute, patient)).toBe(true)
    }),
    { numRuns: 100 },
  )
})
