import { randomUUIDv7 } from 'node:crypto'
import fc from 'fast-check'
import { expect } from 'vitest'
import type { HoldRow, LedgerModel } from './ledger-model.ts'
import { type LedgerSql, stateOf } from './ledger-sql.ts'

type Command = fc.AsyncCommand<LedgerModel, LedgerSql>

/** An account that does not exist. */
const NOBODY = '01900000-0000-7000-8000-0000000000ff'

/** A command with its check: after each one the tables are exactly what the model says. */
function command(
  name: string,
  act: (model: LedgerModel, real: LedgerSql) => Promise<void>,
): Command {
  return {
    check: () => true,
    async run(model, real) {
      await act(model, real)
      const state = await real.state([...model.accounts.keys()])
      expect(state).toEqual(stateOf(model))
      for (const [, posted, held] of state.accounts) {
        expect(BigInt(posted as string) - BigInt(held as string) >= 0n).toBe(true)
      }
    },
    toString: () => name,
  }
}

const micro = fc.bigInt({ min: 0n, max: 60n })
const pick = fc.nat({ max: 99 })
const isNew = fc.record({ account: fc.nat({ max: 3 }), amount: micro, less: micro })
const isOld = fc.record({ old: pick, amount: micro })

function newRow(
  model: LedgerModel,
  row: { account: number; amount: bigint; less: bigint },
): HoldRow {
  const account = [...model.accounts.keys(), NOBODY][row.account] as string
  const minimum = row.amount > row.less ? row.amount - row.less : 0n
  return { id: randomUUIDv7(), account, amount: row.amount, minimum }
}

/** An id that was asked for before, open or not, with its account; null before the first. */
function earlier(model: LedgerModel, at: number) {
  const id = model.ids[at % model.ids.length]
  if (id === undefined) return null
  const account = (model.holds.get(id) ?? model.ended.get(id))?.account
  return account === undefined ? null : { id, account }
}

/** Rows for holds that were asked for before, each hold once. */
function earlierRows(model: LedgerModel, picks: { old: number; amount: bigint }[]) {
  const rows = picks.flatMap(({ old, amount }) => {
    const hold = earlier(model, old)
    return hold ? [{ ...hold, amount }] : []
  })
  return [...new Map(rows.map((row) => [row.id, row])).values()]
}

async function reserve(model: LedgerModel, real: LedgerSql, rows: HoldRow[], replay: boolean) {
  const answers = await real.reserve(rows, replay)
  expect(answers.size).toBe(rows.length)
  for (const row of rows) expect(answers.get(row.id)).toEqual(model.reserve(row, replay))
}

async function settle(
  model: LedgerModel,
  real: LedgerSql,
  picks: { old: number; amount: bigint }[],
) {
  const rows = earlierRows(model, picks).map(({ amount, ...row }) => ({ ...row, cost: amount }))
  const twice = rows.flatMap((row) => [row, row])
  expect(await real.settle(twice)).toEqual(model.settle(rows))
  expect((await real.settle(rows)).size).toBe(0) // no second effect, no second answer
}

const reserves = fc.array(isNew, { minLength: 1, maxLength: 5 }).map((rows) =>
  command(`reserve ${fc.stringify(rows)}`, (model, real) =>
    reserve(
      model,
      real,
      rows.map((row) => newRow(model, row)),
      false,
    ),
  ),
)

const replays = fc
  .tuple(fc.array(isOld, { maxLength: 3 }), fc.array(isNew, { maxLength: 2 }))
  .map(([old, rows]) =>
    command(
      `reserve again ${fc.stringify(old)}, for the first time ${fc.stringify(rows)}`,
      async (model, real) => {
        const again = earlierRows(model, old).map((row) => ({ ...row, minimum: row.amount }))
        await reserve(model, real, [...again, ...rows.map((row) => newRow(model, row))], true)
      },
    ),
  )

const extensions = fc.array(isOld, { minLength: 1, maxLength: 4 }).map((picks) =>
  command(`extend ${fc.stringify(picks)}`, async (model, real) => {
    const perAccount = new Map(earlierRows(model, picks).map((row) => [row.account, row]))
    const rows = [...perAccount.values()]
    const expected = rows.map(({ id, amount }) => [id, model.extend(id, amount)] as const)
    const open = new Map(expected.filter(([, amount]) => amount !== null))
    expect(await real.extend(rows)).toEqual(open)
    expect(await real.extend(rows)).toEqual(open) // its answer may be lost, so it is asked again
  }),
)

const settles = fc
  .array(isOld, { minLength: 1, maxLength: 4 })
  .map((picks) =>
    command(`settle ${fc.stringify(picks)}`, (model, real) => settle(model, real, picks)),
  )

const grants = fc
  .record({
    account: fc.nat({ max: 2 }),
    reference: fc.constantFrom('a', 'b', 'c', 'd'),
    credits: fc.constantFrom(40n, 100n),
  })
  .map(({ account, reference, credits }) =>
    command(`grant ${credits} as ${reference} to ${account}`, async (model, real) => {
      const id = [...model.accounts.keys()][account] as string
      expect(await real.grant(id, reference, credits)).toBe(model.grant(id, reference, credits))
      expect(await real.grant(id, reference, credits)).toBe(model.grant(id, reference, credits))
    }),
  )

const suspensions = fc.tuple(fc.nat({ max: 2 }), fc.boolean()).map(([account, active]) =>
  command(`${active ? 'activate' : 'suspend'} ${account}`, async (model, real) => {
    const id = [...model.accounts.keys()][account] as string
    await real.setActive(id, active)
    model.accountOf(id).active = active
  }),
)

/** Sequences of everything that can happen to a ledger. */
export const ledgerCommands = fc.commands(
  [reserves, replays, extensions, settles, grants, grants, suspensions],
  { maxCommands: 60, size: 'max' },
)
