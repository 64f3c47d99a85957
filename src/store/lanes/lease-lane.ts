import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { MicroCredits } from '../../domain/credits.ts'
import {
  beat,
  declareDead,
  findOrphans,
  findUnknownHolds,
  type Heartbeat,
  type OpenHold,
  pruneInstances,
  registerInstance,
  signOff,
} from '../instances.ts'
import { Lane } from './lane.ts'
import { LaneClient } from './lane-client.ts'

/** What leases ask of the ledger: `instances.ts`, in time or not at all. */
export type LeaseStore = {
  beat(id: string, metered: { id: string; metered: MicroCredits }[]): Promise<Heartbeat[]>
  declareDead(one: Heartbeat): Promise<boolean>
  findOrphans(): Promise<OpenHold[]>
  findUnknownHolds(instanceId: string, known: string[]): Promise<OpenHold[]>
  prune(): Promise<void>
  register(id: string, host: string): Promise<void>
  signOff(id: string): Promise<void>
}

/**
 * One statement at a time, and twice at most: a heartbeat that has to wait for another statement
 * arrives well before the 15 s that would make us dead.
 */
export const LEASE_LIMITS = { batchMax: 1, queueMax: 100, timeoutMs: 3_000 }

type Query = (db: PostgresJsDatabase) => Promise<unknown>

/** The lane of the leases: no report and no half-open connection may delay a heartbeat. */
export function createLeaseLane(url: string) {
  const client = new LaneClient<unknown>(url, 'leases', (db) => ({
    execute: async ({ query }) => [await (query as Query)(db)],
  }))
  const call = ([query]: Query[]) => client.execute({ query })
  const lane = new Lane({ call, reconnect: () => client.reconnect() }, LEASE_LIMITS)
  const run = <T>(query: (db: PostgresJsDatabase) => Promise<T>) => lane.submit(query) as Promise<T>
  const store: LeaseStore = {
    beat: (id, metered) => run((db) => beat(db, id, metered)),
    declareDead: (one) => run((db) => declareDead(db, one)),
    findOrphans: () => run(findOrphans),
    findUnknownHolds: (id, known) => run((db) => findUnknownHolds(db, id, known)),
    prune: () => run(pruneInstances),
    register: (id, host) => run((db) => registerInstance(db, id, host)),
    signOff: (id) => run((db) => signOff(db, id)),
  }
  return Object.assign(lane, store, { close: () => client.close() })
}
