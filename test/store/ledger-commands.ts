import { randomUUIDv7 } from 'node:crypto'
import fc from 'fast-check'
import { expect } from 'vitest'
import type { ClockedLedger } from './ledger-clock.ts'
import { LedgerModel } from './ledger-model.ts'
import type { ExtendVersion, HoldRow, SettleRow, SettleVersion, Version } from './ledger-rows.ts'
import { chargesOf, stateOf, storedState } from './ledger-state.ts'

type Command = fc.AsyncCommand<LedgerModel, ClockedLedger>
type Act = (model: LedgerModel, ledger: ClockedLedger) => Promise<void>

type Owned = { account: string; key: string }

const ACCOUNTS = 3
const KEYS_EACH = 2

/** An account that does not exist. */
const NOBODY = '01900000-0000-7000-8000-0000000000ff'

/** A command with its check: after each one the tables are exactly what the model says. */
function command(name: string, act: Act): Command {
  return {
    check: () => true,
    async run(model, ledger) {
      await act(model, ledger)
      const state = await storedState(ledger.real, model)
      expect(state).toEqual(stateOf(model))
      const { recorded, taken } = chargesOf(state)
      expect(taken).toEqual(recorded)
      for (const [, posted, held] of state.accounts) {
        expect(BigInt(posted as string) - BigInt(held as string) >= 0n).toBe(true)
      }
    },
    toString: () => name,
  }
}

const version = fc.constantFrom<Version>(1, 2, 3, 3)
const settleVersion = fc.constantFrom<SettleVersion>(1, 2, 3, 3)
const extendVersion = fc.constantFrom<ExtendVersion>(1, 2, 3, 4, 4)
const micro = fc.bigInt({ min: 0n, max: 60n })
const tokens = fc.bigInt({ min: 0n, max: 30n })
const pick = fc.nat({ max: 99 })
const seldom = <T>(...values: T[]) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, fc.constantFrom(...values))
const limits = fc.record({
  accountRpm: seldom(1n, 3n),
  keyRpm: seldom(1n, 2n),
  accountTpm: seldom(20n, 60n),
  keyTpm: seldom(10n, 40n),
  accountConcurrency: seldom(1n, 4n),
  keyConcurrency: seldom(1n, 2n),
})
const newHold = fc.record({
  account: fc.oneof(
    { weight: 19, arbitrary: fc.nat({ max: ACCOUNTS - 1 }) },
    fc.constant(ACCOUNTS),
  ),
  key: fc.nat({ max: KEYS_EACH - 1 }),
  amount: micro,
  less: micro,
  tokens,
  limits,
})
const oldHold = fc.record({ old: pick, amount: micro })
const ending = fc.record({
  old: pick,
  cost: micro,
  tokens: fc.option(tokens),
  crashed: fc.boolean(),
})

type NewHold = typeof newHold extends fc.Arbitrary<infer T> ? T : never

function holdRow(model: LedgerModel, asked: NewHold): Required<HoldRow> {
  const account = [...model.accounts.keys(), NOBODY][asked.account] as string
  const keys = [...model.keys].filter(([, key]) => key.account === account)
  const [key, { spend }] = keys[asked.key] ?? [NOBODY, { spend: null }]
  const { amount, less } = asked
  const minimum = amount > less ? amount - less : 0n
  const set = Object.entries(asked.limits).filter(([, limit]) => limit !== null)
  const id = randomUUIDv7()
  const row = { id, account, key, amount, minimum, tokens: asked.tokens }
  return { ...row, limits: Object.fromEntries(set), capped: spend !== null }
}

/** Rows for holds that were placed before, open or not; none before the first. */
function earlierRows<T extends { old: number }>(model: LedgerModel, picks: T[]) {
  const known = [...new Map<string, Owned>([...model.holds, ...model.ended])]
  return picks.flatMap(({ old, ...rest }) => {
    const [id, hold] = known[old % known.length] ?? []
    return id && hold ? [{ id, account: hold.account, key: hold.key, ...rest }] : []
  })
}

const onceEach = <T extends { id: string }>(rows: T[]) => [
  ...new Map(rows.map((row) => [row.id, row])).values(),
]

async function reserve(
  model: LedgerModel,
  { real }: ClockedLedger,
  rows: Required<HoldRow>[],
  replay: boolean,
  by: Version,
) {
  const answers = await real.reserve(rows, replay, by)
  expect(answers.size).toBe(rows.length)
  // in the order in which the function takes them: the accounts by id, each in order of arrival
  for (const row of rows) expect(answers.get(row.id)).toEqual(model.reserve(row, replay, by))
}

const reserves = fc
  .tuple(fc.array(newHold, { minLength: 1, maxLength: 5 }), version)
  .map(([asked, by]) =>
    command(`reserve_v${by} ${fc.stringify(asked)}`, (model, ledger) =>
      reserve(
        model,
        ledger,
        asked.map((one) => holdRow(model, one)),
        false,
        by,
      ),
    ),
  )

const replays = fc
  .tuple(fc.array(oldHold, { maxLength: 3 }), fc.array(newHold, { maxLength: 2 }), version)
  .map(([old, asked, by]) =>
    command(
      `reserve_v${by} again ${fc.stringify(old)}, for the first time ${fc.stringify(asked)}`,
      async (model, ledger) => {
        const more = { tokens: 0n, limits: {}, capped: false }
        const again = onceEach(earlierRows(model, old)).map((row) => ({
          ...more,
          ...row,
          minimum: row.amount,
        }))
        const rows = [...again, ...asked.map((one) => holdRow(model, one))]
        await reserve(model, ledger, rows, true, by)
      },
    ),
  )

const extensions = fc
  .tuple(fc.array(oldHold, { minLength: 1, maxLength: 4 }), extendVersion)
  .map(([picks, by]) =>
    command(`extend_v${by} ${fc.stringify(picks)}`, async (model, { real }) => {
      const rows = earlierRows(model, picks)
      const perAccount = [...new Map(rows.map((row) => [row.account, row])).values()]
      const grown = perAccount.map(({ id, amount }) => [id, model.extend(id, amount, by)] as const)
      const open = new Map(grown.filter(([, amount]) => amount !== null))
      expect(await real.extend(perAccount, by)).toEqual(open)
      expect(await real.extend(perAccount, by)).toEqual(open) // its answer may be lost
    }),
  )

const settles = fc
  .tuple(fc.array(ending, { minLength: 1, maxLength: 4 }), settleVersion)
  .map(([picks, by]) =>
    command(`settle_v${by} ${fc.stringify(picks)}`, async (model, { real }) => {
      const sent = earlierRows(model, picks).map(
        ({ tokens: used, ...row }): SettleRow => ({
          ...row,
          ...(used !== null && { tokens: used }),
        }),
      )
      const rows = by === 1 ? onceEach(sent) : [...sent, ...sent]
      expect(await real.settle(rows, by)).toEqual(model.settle(rows, by === 1 ? 1 : 2))
      expect((await real.settle(rows, by)).size).toBe(0) // no second effect, no second answer
    }),
  )

const grants = fc
  .record({
    account: fc.nat({ max: ACCOUNTS - 1 }),
    reference: fc.constantFrom('a', 'b', 'c', 'd'),
    credits: fc.constantFrom(40n, 100n),
  })
  .map(({ account, reference, credits }) =>
    command(`grant ${credits} as ${reference} to ${account}`, async (model, { real }) => {
      const id = [...model.accounts.keys()][account] as string
      expect(await real.grant(id, reference, credits)).toBe(model.grant(id, reference, credits))
      expect(await real.grant(id, reference, credits)).toBe(model.grant(id, reference, credits))
    }),
  )

const suspensions = fc
  .tuple(fc.nat({ max: ACCOUNTS - 1 }), fc.constantFrom(true, true, true, false))
  .map(([account, active]) =>
    command(`${active ? 'activate' : 'suspend'} ${account}`, async (model, { real }) => {
      const id = [...model.accounts.keys()][account] as string
      await real.setActive(id, active)
      model.accountOf(id).active = active
    }),
  )

const spendLimits = fc
  .record({
    key: fc.nat({ max: ACCOUNTS * KEYS_EACH - 1 }),
    limit: fc.option(fc.bigInt({ min: 0n, max: 150n })),
    period: fc.constantFrom('day' as const, 'month' as const, 'total' as const),
  })
  .map(({ key, limit, period }) =>
    command(`limit key ${key} to ${limit} a ${period}`, async (model, { real }) => {
      const id = [...model.keys.keys()][key] as string
      await real.limitSpend(id, limit, period)
      model.limitSpend(id, limit, period)
    }),
  )

const HOUR = 3_600_000_000n
const waits = fc
  .constantFrom(1n, 7_000n, 400_000n, 5_000_000n, 20_000_000n, 61_000_000n, HOUR, 960n * HOUR)
  .map((passed) =>
    command(`${passed} us pass`, async (model, ledger) => {
      model.now += passed
      await ledger.set(model.now)
    }),
  )

/** Sequences of everything that can happen to a ledger, by servers of two versions. */
const sequences = fc.commands(
  [
    ...[reserves, reserves, replays, extensions, settles, settles],
    ...[grants, grants, suspensions, spendLimits, waits],
  ],
  { maxCommands: 60, size: 'max' },
)

/** Whatever happens to a ledger, it is what its model says. */
export function ledgerProperty(ledger: ClockedLedger) {
  const start = async () => {
    const model = new LedgerModel(ledger.now)
    for (let count = 0; count < ACCOUNTS; count += 1) {
      const id = await ledger.real.addAccount()
      const keys = Array.from({ length: KEYS_EACH }, () => ledger.real.addKey(id))
      model.addAccount(id, await Promise.all(keys))
    }
    for (const id of model.accounts.keys()) {
      await ledger.real.grant(id, 'initial', 70n)
      model.grant(id, 'initial', 70n)
    }
    return { model, real: ledger }
  }
  return fc.asyncProperty(sequences, async (commands) => {
    await fc.asyncModelRun(start, commands)
  })
}
