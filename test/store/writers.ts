import { randomUUIDv7 } from 'node:crypto'
import type { HoldRow } from './ledger-rows.ts'
import type { LedgerSql } from './ledger-sql.ts'

/** The share of calls that are sent twice, at the same time over two connections. */
const TWICE = 0.2
const BATCH_MAX = 24

/** What the calls of all writers were answered. */
export type Tally = {
  held: number
  refused: number
  /** Charges by the id of their hold; one settled twice would be here twice. */
  charges: { id: string; charged: bigint }[]
  errors: unknown[]
}

const below = (most: number) => Math.floor(Math.random() * most)
const pick = <T>(list: readonly T[]) => list[below(list.length)] as T

/** Reserves, extends and settles batches over random accounts until it is enough. */
export async function write(
  connections: [LedgerSql, LedgerSql],
  accounts: string[],
  isEnough: () => boolean,
  tally: Tally,
): Promise<void> {
  while (!isEnough()) {
    try {
      const held = await reserveSome(connections, accounts, tally)
      await extendSome(connections, held)
      await settleAll(connections, held, tally)
    } catch (error) {
      tally.errors.push(error)
    }
  }
}

async function reserveSome(connections: [LedgerSql, LedgerSql], accounts: string[], tally: Tally) {
  const rows = Array.from({ length: 1 + below(BATCH_MAX) }, (): HoldRow => {
    const amount = BigInt(1 + below(1_000))
    const minimum = Math.random() < 0.5 ? amount : 1n
    return { id: randomUUIDv7(), account: pick(accounts), amount, minimum }
  })
  const isTwice = Math.random() < TWICE
  const both = await sent(connections, isTwice, (real) => real.reserve(rows, isTwice))
  // what one of the two calls was refused, the other may hold: others settled in between
  const held = rows.filter(({ id }) => both.some((answers) => answers.get(id)?.outcome === 'held'))
  tally.held += held.length
  tally.refused += rows.length - held.length
  return held
}

async function extendSome(connections: [LedgerSql, LedgerSql], held: HoldRow[]): Promise<void> {
  const rows = held
    .filter(() => Math.random() < 0.3)
    .map((row) => ({ ...row, amount: row.amount + BigInt(below(2_000)) }))
  await sent(connections, Math.random() < TWICE, (real) => real.extend(rows))
}

async function settleAll(connections: [LedgerSql, LedgerSql], held: HoldRow[], tally: Tally) {
  const rows = held.map((row) => ({ ...row, cost: BigInt(below(1_500)) }))
  const isTwice = Math.random() < TWICE
  for (const answers of await sent(connections, isTwice, (real) => real.settle(rows))) {
    for (const [id, { charged }] of answers) tally.charges.push({ id, charged })
  }
}

/** Makes a call once, or twice at once. */
async function sent<T>(
  connections: [LedgerSql, LedgerSql],
  isTwice: boolean,
  call: (real: LedgerSql) => Promise<T>,
): Promise<[T, ...T[]]> {
  const [one, two] = connections
  return isTwice ? Promise.all([call(one), call(two)]) : [await call(one)]
}
