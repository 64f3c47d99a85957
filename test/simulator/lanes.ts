import { Lane, type LaneLimits } from '../../src/store/lanes/lane.ts'
import type { LeaseStore } from '../../src/store/lanes/lease-lane.ts'
import type { ReserveAnswer } from '../../src/store/lanes/reserve.ts'
import type { SettleAnswer, Settlement } from '../../src/store/lanes/settle.ts'
import type { HoldItem } from './ledger.ts'
import type { SimProcess } from './process.ts'

/** As in src/store, but for smaller batches: so there are more calls to go wrong. */
const RESERVE = { batchMax: 3, queueMax: 100, timeoutMs: 300, answerWithinMs: 550 }
const EXTEND = { batchMax: 3, queueMax: 100, timeoutMs: 2_000 }
const SETTLE = { batchMax: 3, queueMax: 1_000, timeoutMs: 5_000, gatherMs: 10 }
const RECORD = { batchMax: 3, queueMax: 100, timeoutMs: 5_000, gatherMs: 50 }
const LEASE = { batchMax: 1, queueMax: 100, timeoutMs: 3_000 }

export type Lanes = {
  reserve: Lane<HoldItem, ReserveAnswer>
  extend: Lane<{ id: string; amount: bigint }, bigint>
  settle: Lane<Settlement, SettleAnswer>
  records: Lane<{ id: string; outcome: string }, null>
  store: LeaseStore
}

/** The lanes of a process, real but for the Postgres at their other end. */
export function lanesOf(process: SimProcess): Lanes {
  const { ledger } = process.world
  return {
    reserve: laneOf(process, RESERVE, 'reserve', (items, replay, ask) => {
      const { owner } = process.running ?? {}
      if (!owner) throw new Error('nothing is held before there is an owner')
      return owner.place((id) => ask(() => ledger.reserve(id, items, replay)))
    }),
    extend: laneOf(process, EXTEND, 'extend', (items, _, ask) => ask(() => ledger.extend(items))),
    settle: laneOf(process, SETTLE, 'settle', (items, _, ask) => ask(() => ledger.settle(items))),
    records: laneOf(process, RECORD, 'record', (items, _, ask) => ask(() => ledger.record(items))),
    store: leasesOf(process),
  }
}

type Ask = <T>(statement: () => T) => Promise<T>

function laneOf<Item, Answer>(
  process: SimProcess,
  limits: LaneLimits,
  what: string,
  call: (items: Item[], replay: boolean, ask: Ask) => Promise<Answer[]>,
): Lane<Item, Answer> {
  let connection = { owner: process, isLost: false }
  const statement = {
    call: (items: Item[], replay: boolean) =>
      call(items, replay, (execute) => process.ask(connection, what, execute)),
    reconnect: () => {
      connection.isLost = true
      connection = { owner: process, isLost: false }
    },
  }
  return new Lane(statement, limits, process.clock)
}

function leasesOf(process: SimProcess): LeaseStore {
  const { ledger } = process.world
  const { instances } = ledger
  const lane = laneOf<() => unknown, unknown>(process, LEASE, 'lease', ([query], _, ask) =>
    ask(() => [query?.()]),
  )
  const run = <T>(query: () => T) => lane.submit(query) as Promise<T>
  return {
    beat: (id, metered) =>
      run(() => {
        ledger.checkpoint(metered)
        return instances.beat(id)
      }),
    declareDead: (one) => run(() => instances.declareDead(one)),
    findOrphans: () => run(() => ledger.findOrphans()),
    findUnknownHolds: (id, known) => run(() => ledger.findUnknownHolds(id, known)),
    prune: () => run(() => {}),
    register: (id) => run(() => instances.register(id)),
    signOff: (id) => run(() => instances.signOff(id)),
  }
}
