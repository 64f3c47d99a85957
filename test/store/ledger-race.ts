import { randomUUIDv7 } from 'node:crypto'
import fc from 'fast-check'
import postgres from 'postgres'
import { expect } from 'vitest'
import { eventually } from '../harness/proxy.ts'
import { LedgerSql } from './ledger-sql.ts'

const BOTH = 2

/** Two servers on a database, and an auditor that can lock an account between them. */
export type Racers = {
  auditor: postgres.Sql
  /** Sees who waits: in a transaction, everybody would stay as they were. */
  watcher: postgres.Sql
  /** Whose calls wait for the auditor. */
  both: [LedgerSql, LedgerSql]
  close(): Promise<void>
}

export function openRacers(url: string): Racers {
  const open = () => postgres(url, { max: 1, onnotice: () => {} })
  const [one, two, auditor, watcher] = [open(), open(), open(), open()] as const
  return {
    auditor,
    watcher,
    both: [new LedgerSql(one), new LedgerSql(two)],
    close: async () => {
      await Promise.all([one, two, auditor, watcher].map((client) => client.end()))
    },
  }
}

/** Starts calls of both servers for an account that is locked, and unlocks it when both wait. */
async function race<T>(
  { auditor, watcher, both }: Racers,
  account: string,
  call: (server: LedgerSql) => Promise<T>,
): Promise<T[]> {
  await auditor`begin`
  await auditor`select from accounts where id = ${account} for update`
  const answers = Promise.allSettled(both.map(call))
  await eventually(async () => {
    const [row] = await watcher`select count(*) from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`
    return Number(row?.count) === BOTH || undefined
  })
  await auditor`commit`
  return (await answers).map((answer) => {
    if (answer.status === 'rejected') throw answer.reason
    return answer.value
  })
}

/** Of two holds that an account can pay one at a time, exactly one is placed, whatever they are. */
export function decisionProperty(racers: Racers) {
  const amounts = fc
    .bigInt({ min: 1n, max: 1_000_000n })
    .chain((half) => fc.tuple(fc.constant(half), fc.bigInt({ min: half + 1n, max: 2n * half })))
  return fc.asyncProperty(amounts, fc.boolean(), async ([half, amount], isClamped) => {
    const ledger = racers.both[0]
    const account = await ledger.addAccount()
    await ledger.grant(account, 'initial', 2n * half)
    const minimum = isClamped ? half + 1n : amount
    const answers = await race(racers, account, async (server) => {
      const id = randomUUIDv7()
      return (await server.reserve([{ id, account, amount, minimum }], false)).get(id)
    })
    const outcomes = answers.map((answer) => answer?.outcome).toSorted()
    expect(outcomes).toEqual(['credits_held', 'held'])
    expect((await ledger.state([account])).accounts).toEqual([
      [account, String(2n * half), String(amount), '1'],
    ])
  })
}
