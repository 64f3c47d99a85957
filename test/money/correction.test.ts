import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { applyCorrection } from '../../src/correction/apply.ts'
import { auditLedger } from '../../src/store/audit/audit.ts'
import type { NewCorrection } from '../../src/store/prices/price-corrections.ts'
import { type Amounts, CREDIT, fresh, minute, openShop, type Shop } from './repriced.ts'

const RUNS = Number(process.env.TEST_RUNS ?? 40)

/** Milliseconds after which the smallest failure so far is told. */
const SHRINKING_MS = 200_000

/** What the accounts of a run are given: one can pay everything, the others not much. */
const GRANTED = [1_000_000n * CREDIT, 9n * CREDIT, 3n * CREDIT]
const MODELS = ['small', 'large']
const MINUTES = 30

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
})
afterAll(() => shop.close())

const nanoUsd = fc.oneof(fc.constant(0n), fc.bigInt({ min: 1n, max: 20_000_000_000n }))
const model = fc.constantFrom(...MODELS)
const at = fc.nat({ max: MINUTES })

const call = fc.record({
  kind: fc.constant('call' as const),
  account: fc.nat({ max: GRANTED.length - 1 }),
  model,
  at,
  prompt: fc.nat({ max: 200 }),
  completion: fc.nat({ max: 200 }),
  markupPpm: fc.constantFrom(1_000_000n, 1_000_000n, 1_234_567n, 0n),
})
const price = fc.record({
  kind: fc.constant('price' as const),
  model,
  from: at,
  amounts: fc.record({ input: nanoUsd, output: nanoUsd }),
})
const correction = fc.record({
  kind: fc.constant('correct' as const),
  model,
  from: at,
  minutes: fc.option(fc.integer({ min: 1, max: MINUTES })),
  reference: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  /** What is settled meanwhile. */
  meanwhile: fc.array(call, { maxLength: 3 }),
})
type Op =
  | (typeof call extends fc.Arbitrary<infer T> ? T : never)
  | (typeof price extends fc.Arbitrary<infer T> ? T : never)
  | (typeof correction extends fc.Arbitrary<infer T> ? T : never)

const ops: fc.Arbitrary<Op[]> = fc.array(fc.oneof(call, call, call, price, correction), {
  minLength: 15,
  maxLength: 40,
  size: 'max',
})

const USD = 1_000_000_000n
const called = { kind: 'call', at: 5, completion: 0, markupPpm: 1_000_000n } as const
const priced = (model: string, from: number, usd: bigint): Op => {
  return { kind: 'price', model, from, amounts: { input: usd * USD, output: 0n } }
}

/** A history in which a correction gives, takes, and can not take all. */
const MOVES: Op[] = [
  priced('small', 0, 10n),
  priced('large', 0, 10n),
  { ...called, account: 0, model: 'small', prompt: 100 },
  { ...called, account: 2, model: 'large', prompt: 200 },
  priced('small', 1, 5n),
  priced('large', 1, 100n),
]

type Priced = Amounts & { id: string; model: string; from: number }

let histories = 0

/** One history: accounts and a provider of its own, later than all before it. */
class History {
  readonly provider = fresh('provider')
  readonly #begin: number
  readonly accounts: string[]
  readonly prices: Priced[] = []
  readonly references = new Map<string, string>()
  #ledger: unknown[] = []

  constructor(accounts: string[]) {
    this.accounts = accounts
    this.#begin = histories * 2 * MINUTES
    histories += 1
  }

  async run(op: Op): Promise<void> {
    if (op.kind === 'call') await this.#call(op)
    else if (op.kind === 'price') await this.#price(op)
    else {
      const { model, minutes, meanwhile } = op
      const from = this.#begin + op.from
      const until = minutes === null ? null : minute(from + minutes)
      const span = { provider: this.provider, model, since: minute(from), until }
      const reference = `${op.reference} of ${this.provider}`
      await Promise.all([
        this.correct({ ...span, reference, reason: 'why' }),
        ...meanwhile.map((one) => this.#call(one)),
      ])
    }
    await this.#expectHistoryUntouched()
  }

  /** Corrects, and once more: the repetition has no second effect and the same answer. */
  async correct(asked: NewCorrection) {
    const meaning = JSON.stringify(asked)
    const first = this.references.get(asked.reference) ?? meaning
    this.references.set(asked.reference, first)
    const answer = await applyCorrection(shop.db, asked, { rows: 12, turnMs: 60_000 })
    const again = await applyCorrection(shop.db, asked)
    if (first !== meaning || answer.outcome === 'conflict' || again.outcome === 'conflict') {
      expect([answer.outcome, again.outcome]).toEqual(['conflict', 'conflict'])
      expect(first).not.toBe(meaning)
      return null
    }
    expect(again).toEqual({ ...answer, isNew: false })
    return answer.figures.totals
  }

  /** Corrects everything by the prices of now. */
  async correctAll() {
    const totals = []
    for (const one of MODELS) {
      const since = minute(this.#begin)
      const span = { provider: this.provider, model: one, since, until: null }
      const done = await this.correct({ ...span, reference: fresh('all'), reason: 'why' })
      if (done) totals.push(done)
    }
    await this.#expectHistoryUntouched()
    return totals
  }

  /** What each request should have cost in the end, by arithmetic of its own. */
  async rightCosts() {
    const rows = await shop.sql`select account_id, upstream_model as model, charged, price_id,
        markup_ppm, prompt_tokens, completion_tokens,
        (('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint)::float as began
      from requests where account_id = any (${this.accounts})`
    return rows.map((row) => {
      const right = this.prices
        .filter((one) => one.model === row.model && minute(one.from).getTime() <= row.began)
        .sort((a, b) => b.from - a.from)[0]
      const charged = BigInt(row.charged)
      if (right === undefined || right.id === row.price_id) return [row.account_id, charged]
      const usd =
        BigInt(row.prompt_tokens) * right.input + BigInt(row.completion_tokens) * right.output
      const exact = usd * 1_000n * BigInt(row.markup_ppm) // credits a USD, parts per million
      const unit = 1_000_000n * 1_000n * 1_000_000n // tokens a price, nano a micro, markup
      return [row.account_id, exact / unit + (exact % unit > 0n ? 1n : 0n)]
    }) as [account: string, cost: bigint][]
  }

  async #call({ account, ...one }: Extract<Op, { kind: 'call' }>): Promise<void> {
    const { provider } = this
    const at = this.#begin + one.at
    await shop.call({ ...one, at, account: this.accounts[account] as string, provider })
  }

  async #price(one: Extract<Op, { kind: 'price' }>): Promise<void> {
    const from = this.#begin + one.from
    const id = await shop.price(this.provider, one.model, from, one.amounts)
    if (id !== null) this.prices.push({ id, model: one.model, from, ...one.amounts })
  }

  async #expectHistoryUntouched(): Promise<void> {
    const now = await shop.entries(this.accounts)
    const texts = new Set(now.map((entry) => JSON.stringify(entry)))
    expect(this.#ledger.filter((entry) => !texts.has(JSON.stringify(entry)))).toEqual([])
    this.#ledger = [...now]
  }
}

test('however requests were priced and corrected, the last word of the prices is what was paid', {
  timeout: 300_000,
}, async ({ annotate }) => {
  const moved = { given: 0n, taken: 0n, uncollected: 0n }
  const property = fc.asyncProperty(ops, async (all) => {
    const accounts = await Promise.all(GRANTED.map((granted) => shop.account(granted)))
    const history = new History(accounts)
    for (const op of all) await history.run(op)
    // What one model gives back pays for what the other one takes.
    const totals = [...(await history.correctAll()), ...(await history.correctAll())]
    for (const { given, due, taken } of totals) {
      moved.given += given
      moved.taken += taken
      moved.uncollected += due - taken
    }
    const costs = await history.rightCosts()
    for (const [at, account] of accounts.entries()) {
      const owed = costs.reduce((sum, [id, cost]) => (id === account ? sum + cost : sum), 0n)
      const left = (GRANTED[at] as bigint) - owed
      expect(await shop.posted(account)).toBe(left > 0n ? left : 0n)
    }
    for (const { given, taken } of await history.correctAll()) {
      expect({ given, taken }).toEqual({ given: 0n, taken: 0n })
    }
  })
  const bounds = { numRuns: RUNS, interruptAfterTimeLimit: SHRINKING_MS }
  await fc.assert(property, { ...bounds, examples: [[MOVES]] })
  await annotate(`given ${moved.given}, taken ${moved.taken}, uncollected ${moved.uncollected}`)
  expect(Object.values(moved).every((amount) => amount > 0n)).toBe(true)
  const held = await shop.sql`select count(*)::int as held from holds`
  expect(held).toEqual([{ held: 0 }])
  expect((await auditLedger(shop.sql)).violations).toEqual([])
})
