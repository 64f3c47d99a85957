import type { Clock } from '../clock.ts'
import { StandstillWatch } from '../domain/watch.ts'
import type { Heartbeat, OpenHold } from '../store/instances.ts'
import type { LeaseStore } from '../store/lanes/lease-lane.ts'
import type { SettlementQueue } from '../store/lanes/settlement-queue.ts'
import { crashSettlement } from './crash-settlement.ts'
import { GAP_MS } from './heart.ts'
import type { Owner } from './owner.ts'

/** Milliseconds between two sweeps. */
export const SWEEP_MS = 2_000

/** Sweeps between two looks for unknown holds and for journals without an owner. */
const LOOK_EVERY = 5

/** Milliseconds a hold of ours must stay unknown to us to be one whose answer was lost. */
const UNKNOWN_AFTER_MS = 8_000

/** Looks between two removals of instances that are long gone. */
const PRUNE_EVERY = 30

const UNKNOWN =
  'Its process knows nothing of its hold: the answer to it was lost, or its settlement refused.'

export type SweeperPorts = {
  store: Pick<LeaseStore, 'declareDead' | 'findOrphans' | 'findUnknownHolds' | 'prune'>
  clock: Clock
  owner: Pick<Owner, 'id'>
  /** The requests of this process that hold credits. */
  open: { has(id: string): boolean; ids(): string[] }
  settlements: Pick<SettlementQueue, 'add' | 'has' | 'isCrowded'>
  /** Settles what others have left on our disk. */
  inherit(): void
  log: { warn(details: object, message: string): void }
}

/** Ends what others and lost answers left behind: no hold outlives its owner for long. */
export class Sweeper {
  readonly #ports: SweeperPorts
  readonly #still: () => readonly Heartbeat[]
  readonly #unknown = new StandstillWatch(UNKNOWN_AFTER_MS)
  #sweeps = 0
  #lastMs: number

  /** @param still the instances whose hearts have stopped */
  constructor(ports: SweeperPorts, still: () => readonly Heartbeat[]) {
    this.#ports = ports
    this.#still = still
    this.#lastMs = ports.clock.now()
  }

  async sweep(): Promise<void> {
    const { store, clock, log } = this.#ports
    if (clock.now() - this.#lastMs > GAP_MS) this.#unknown.interrupted()
    this.#lastMs = clock.now()
    this.#sweeps += 1
    for (const { id, heartbeat } of this.#still()) {
      if (await store.declareDead({ id, heartbeat }))
        log.warn({ instance: id }, 'an instance is dead')
    }
    await this.#settleOrphans()
    if (this.#sweeps % LOOK_EVERY !== 0) return
    this.#ports.inherit()
    await this.#releaseUnknown()
    if (this.#sweeps % (LOOK_EVERY * PRUNE_EVERY) === 0) await store.prune()
  }

  /** What their owners have written to our disk is exact, so it goes before any checkpoint. */
  async #settleOrphans(): Promise<void> {
    const orphans = (await this.#ports.store.findOrphans()).filter((hold) => this.#isForeign(hold))
    if (orphans.length > 0) this.#ports.inherit()
    for (const hold of orphans) this.#settle(hold)
  }

  /** Holds that were placed and the answer was lost, or whose settlement was set aside. */
  async #releaseUnknown(): Promise<void> {
    const { store, clock, owner, open, log } = this.#ports
    const askedMs = clock.now()
    const found = await store.findUnknownHolds(owner.id, open.ids())
    const unknown = found.filter((hold) => this.#isForeign(hold))
    const marked = unknown.map((hold) => ({ id: hold.id, mark: '', hold }))
    for (const { id, hold } of this.#unknown.observe(marked, askedMs, clock.now())) {
      log.warn({ request_id: id }, 'a hold without a request is released')
      this.#settle(hold, UNKNOWN)
    }
  }

  /** A request of ours may run under an id that was declared dead, and ends by itself. */
  #isForeign({ id }: OpenHold): boolean {
    return !this.#ports.open.has(id) && !this.#ports.settlements.has(id)
  }

  #settle(hold: OpenHold, why?: string): void {
    const { settlements, clock } = this.#ports
    if (!settlements.isCrowded) void settlements.add(crashSettlement(hold, clock.today(), why))
  }
}
