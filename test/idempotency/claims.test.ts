import { randomUUIDv7 } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createConclusionLane } from '../../src/store/idempotency-answers.ts'
import { type Claim, createClaimLane } from '../../src/store/lanes/idempotency.ts'
import { createTestDatabase } from '../harness/database.ts'
import { HandClock } from '../store/hand-clock.ts'
import { claimOf } from './rows.ts'

let database: Awaited<ReturnType<typeof createTestDatabase>>
let claims: ReturnType<typeof createClaimLane>
let conclusions: ReturnType<typeof createConclusionLane>
/** Whose claims the lanes make now. */
let owner: string
/** Never moved: a claim waits as long as it takes. */
const clock = new HandClock()
const ofOwner = { place: <T>(claim: (id: string) => Promise<T>) => claim(owner) }
beforeAll(async () => {
  database = await createTestDatabase()
  claims = createClaimLane(database.url, ofOwner, clock)
  conclusions = createConclusionLane(database.url)
})
afterAll(async () => {
  await Promise.all([claims.close(), conclusions.close()])
  await database.sql.end()
})

/** What a key stands for, as it should be. */
type Held = {
  claim: Claim
  question: number
  owner: string
  isDone: boolean
  fate: 'unknown' | 'held' | 'charged' | 'free'
}

type Step = { key: number; question: number } & (
  | { does: 'claim' | 'complete' | 'fail' | 'disown' | 'come late' }
  | { does: 'die' }
  | { does: 'settle'; fate: Held['fate'] }
)

const step: fc.Arbitrary<Step> = fc
  .record({
    key: fc.nat(1),
    question: fc.constantFrom(0, 0, 0, 1),
    does: fc.constantFrom(
      ...['claim', 'claim', 'claim', 'complete', 'fail', 'die', 'disown', 'settle', 'come late'],
    ),
    fate: fc.constantFrom('held', 'held', 'charged', 'free'),
  })
  .map((one) => one as Step)

/** One run: an account of its own, and the keys as they should be. */
class World {
  readonly accountId = randomUUIDv7()
  readonly keys = new Map<number, Held>()
  readonly alive = new Set<string>()
  /** Claims whose keys went to others. */
  readonly superseded: Claim[] = []

  async start(): Promise<void> {
    owner = randomUUIDv7()
    this.alive.add(owner)
    await database.sql`insert into instances (id, host) values (${owner}, 'test')`
  }

  expected(held: Held | undefined, question: number): string {
    if (held === undefined) return 'claimed'
    const isOurs = held.isDone || this.alive.has(held.owner)
    if (!isOurs && (held.fate === 'unknown' || held.fate === 'free')) return 'claimed'
    if (held.question !== question) return 'reused'
    return held.isDone || (!isOurs && held.fate === 'charged') ? 'done' : 'in_use'
  }

  async claim(key: number, question: number): Promise<void> {
    const held = this.keys.get(key)
    const expected = this.expected(held, question)
    const claim = claimOf(this.accountId, key, question)
    const answer = await claims.submit(claim)
    expect(answer.outcome).toBe(expected)
    if ('original' in answer && answer.original) expect(answer.original).toBe(held?.claim.id)
    if (expected !== 'claimed') return
    expect((await claims.submit(claim)).outcome).toBe('claimed') // as after a lost answer
    if (held) this.superseded.push(held.claim)
    this.keys.set(key, { claim, question, owner, isDone: false, fate: 'unknown' })
  }

  async conclude(key: number, isCompleted: boolean): Promise<void> {
    const held = this.keys.get(key)
    if (!held || held.isDone) return
    await conclusions.submit({ claim: held.claim, isCompleted, answer: null })
    if (isCompleted) held.isDone = true
    else this.keys.delete(key)
  }

  /** A process that was taken for dead ends its requests. */
  async comeLate(isCompleted: boolean): Promise<void> {
    for (const claim of this.superseded) {
      await conclusions.submit({ claim, isCompleted, answer: null })
    }
  }

  /** The process dies, and another one starts. */
  async die(): Promise<void> {
    await database.sql`update instances set state = 'dead' where id = ${owner}`
    this.alive.delete(owner)
    await this.start()
  }

  async disown(key: number): Promise<void> {
    const held = this.keys.get(key)
    if (!held || held.isDone) return
    await database.sql`update idempotency_keys set instance_id = null
      where request_id = ${held.claim.id}`
    held.owner = 'nobody'
  }

  async settle(key: number, fate: Held['fate']): Promise<void> {
    const held = this.keys.get(key)
    if (!held || held.fate === 'charged' || held.fate === 'free') return
    const { id } = held.claim
    held.fate = fate
    await database.sql`delete from holds where id = ${id}`
    if (fate === 'held') {
      await database.sql`insert into holds (id, account_id, key_id, instance_id, amount, terms)
        values (${id}, ${this.accountId}, ${id}, ${held.owner === 'nobody' ? owner : held.owner}, 1, '{}')`
      return
    }
    const charged = fate === 'charged' ? 1 : 0
    await database.sql`insert into requests (id, account_id, key_id, endpoint, stream, status,
        outcome, stage, stages, attempts, slices, duration_ms, chunk_count, completion_length,
        prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, estimated_tokens, hold,
        charged, uncollected)
      values (${id}, ${this.accountId}, ${id}, '/', false, 200, 'crashed', 'answer', '{}', '[]', 0,
        0, 0, 0, 0, 0, 0, 0, 0, 1, ${charged}, 0)`
  }
}

test('whatever happens to requests and their processes, a key is claimed by one at a time, and never again once it was charged', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
      const world = new World()
      await world.start()
      for (const one of steps) {
        if (one.does === 'claim') await world.claim(one.key, one.question)
        else if (one.does === 'settle') await world.settle(one.key, one.fate)
        else if (one.does === 'die') await world.die()
        else if (one.does === 'disown') await world.disown(one.key)
        else if (one.does === 'come late') await world.comeLate(one.key === 0)
        else await world.conclude(one.key, one.does === 'complete')
      }
    }),
    { numRuns: 100 },
  )
})

test('of claims in one call and in many at once exactly one gets each key', async () => {
  await new World().start()
  const accountId = randomUUIDv7()
  const others = [1, 2, 3].map(() => createClaimLane(database.url, ofOwner, clock))
  const lanes = [claims, ...others]
  const all = Array.from({ length: 400 }, (_, at) => ({ at, claim: claimOf(accountId, at % 20) }))
  const answers = await Promise.all(
    all.map(({ at, claim }) => (lanes[at % 4] as typeof claims).submit(claim)),
  )
  const winners = all.filter((_, at) => answers[at]?.outcome === 'claimed')
  expect(winners.map(({ at }) => at % 20).sort((a, b) => a - b)).toEqual([...Array(20).keys()])
  for (const [at, answer] of answers.entries()) {
    if (answer.outcome === 'claimed') continue
    const winner = winners.find((one) => one.at % 20 === at % 20)
    expect(answer).toMatchObject({ outcome: 'in_use', original: winner?.claim.id })
  }
  await Promise.all(others.map((lane) => lane.close()))
})
