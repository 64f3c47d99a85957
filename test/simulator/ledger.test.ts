import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Settlement } from '../../src/store/lanes/settle.ts'
import { aRecord } from '../store/a-record.ts'
import { LedgerModel } from '../store/ledger-model.ts'
import { Instances } from './instances.ts'
import { SimLedger } from './ledger.ts'

const ACCOUNTS = ['a1', 'a2']
const LIVE = 'an instance'

const account = fc.constantFrom(...ACCOUNTS)
const id = fc.integer({ min: 10, max: 29 }).map((number) => `r${number}`)
const micro = fc.bigInt({ min: 0n, max: 60n })
const batchOf = <T>(row: fc.Arbitrary<T & { id: string }>) =>
  fc.uniqueArray(row, { minLength: 1, maxLength: 4, selector: (one) => one.id })

const command = fc.oneof(
  fc.record({
    kind: fc.constant('reserve' as const),
    rows: batchOf(fc.record({ id, account, amount: fc.bigInt({ min: 1n, max: 60n }) })),
  }),
  fc.record({ kind: fc.constant('extend' as const), row: fc.record({ id, amount: micro }) }),
  fc.record({
    kind: fc.constant('settle' as const),
    rows: fc.array(fc.record({ id, cost: micro, crashed: fc.boolean() }), {
      minLength: 1,
      maxLength: 4,
    }),
  }),
)
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never

/** The model of the simulator, and the one that the SQL is held against, side by side. */
class Both {
  readonly sim = new SimLedger(
    new Instances(
      () => new Date(0),
      () => 0,
    ),
    () => new Date(0),
    () => {},
  )
  readonly model = new LedgerModel(0n)
  /** A request keeps its account. */
  readonly #owners = new Map<string, string>()

  constructor() {
    for (const name of ACCOUNTS) {
      this.sim.grant(name, 200n)
      this.model.addAccount(name, [name])
      this.model.grant(name, 'initial', 200n)
    }
  }

  run(one: Command): void {
    if (one.kind === 'reserve') this.#reserve(one.rows)
    else if (one.kind === 'extend') this.#extend(one.row)
    else this.#settle(one.rows)
    this.#compareBalances()
  }

  #reserve(rows: { id: string; account: string; amount: bigint }[]): void {
    for (const row of rows) if (!this.#owners.has(row.id)) this.#owners.set(row.id, row.account)
    const owned = rows.map((row) => ({ ...row, account: this.#owners.get(row.id) as string }))
    const minimum = (amount: bigint) => amount / 2n + 1n
    const limits = { tokens: 0n, capped: false, limits: {} as never }
    const expected = owned.map(({ id: hold, account: name, amount }) => {
      const asked = { id: hold, account: name, key: name, amount, minimum: minimum(amount) }
      return this.model.reserve({ ...asked, ...limits }, true, 2)
    })
    const items = owned.map(({ id: hold, account: accountId, amount }) => ({
      ...{ id: hold, accountId, amount, minimum: minimum(amount) },
    }))
    const found = this.sim.reserve(LIVE, items, true)
    expect(found.map(({ outcome, granted }) => [outcome, granted])).toEqual(
      expected.map(({ outcome, granted }) => [outcome, granted]),
    )
  }

  #extend(row: { id: string; amount: bigint }): void {
    const [found] = this.sim.extend([row])
    expect(found).toBe(this.model.extend(row.id, row.amount, 2) ?? 0n)
  }

  #settle(rows: { id: string; cost: bigint; crashed: boolean }[]): void {
    const owned = rows.map((row) => ({ ...row, account: this.#owners.get(row.id) ?? 'a1' }))
    const expected = this.model.settle(owned as never, 2)
    const found = this.sim.settle(
      owned.map(({ id: hold, account: accountId, cost, crashed }): Settlement => {
        const record = aRecord({ outcome: crashed ? 'crashed' : 'completed' })
        return { id: hold, accountId, cost, record }
      }),
    )
    for (const [index, { id: hold }] of rows.entries()) {
      const answer = expected.get(hold)
      expect(found[index]).toEqual(answer ? { correction: null, ...answer } : null)
    }
  }

  #compareBalances(): void {
    for (const name of ACCOUNTS) {
      const { posted, entries } = this.model.accountOf(name)
      expect(this.sim.accounts.get(name)).toEqual({ posted, held: this.model.heldBy(name) })
      const ours = this.sim.entries.filter(({ accountId }) => accountId === name)
      expect(ours.map(({ kind, amount }) => [kind, amount])).toEqual(
        entries.map(({ kind, amount }) => [kind, amount]),
      )
    }
  }
}

test('the ledger of the simulator does what the model does that the SQL is held against', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
      const both = new Both()
      for (const one of commands) both.run(one)
    }),
    { numRuns: 500 },
  )
})
