import type { Clock } from '../clock.ts'
import type { MicroCredits } from '../domain/credits.ts'
import { StandstillWatch } from '../domain/watch.ts'
import type { Heartbeat } from '../store/instances.ts'
import type { LeaseStore } from '../store/lanes/lease-lane.ts'
import type { Owner } from './owner.ts'

/** Twice as often as a crash may cost: a beat may come late. */
export const BEAT_MS = 1_000

/** Milliseconds without a heartbeat of ours after which we know nothing of the others. */
export const GAP_MS = 6_000

/** Milliseconds another instance's heart must stand still, seen without a gap, to be dead. */
const DEAD_AFTER_MS = 15_000

export type HeartPorts = {
  store: Pick<LeaseStore, 'beat'>
  clock: Clock
  owner: Pick<Owner, 'id' | 'renew'>
  /** What each running request would be charged if this process ended now. */
  checkpoints(): { id: string; metered: MicroCredits }[]
}

/**
 * Says that this instance lives and what its requests have cost so far, and watches the others.
 * Dead is whose heartbeat stood still through 15 s of our own uninterrupted ones: while Postgres
 * is away nobody beats, so an outage declares nobody dead.
 */
export class Heart {
  readonly #ports: HeartPorts
  readonly #watch = new StandstillWatch(DEAD_AFTER_MS)
  #lastMs: number
  #still: Heartbeat[] = []

  constructor(ports: HeartPorts) {
    this.#ports = ports
    this.#lastMs = ports.clock.now()
  }

  /** The others whose hearts stood still for so long, as of our last beat. */
  get still(): readonly Heartbeat[] {
    return this.#still
  }

  async beat(): Promise<void> {
    const { clock, store, owner, checkpoints } = this.#ports
    const ownId = owner.id
    const askedMs = clock.now()
    try {
      const live = await store.beat(ownId, checkpoints())
      if (!live.some(({ id }) => id === ownId)) await owner.renew(ownId)
      const others = live.filter(({ id }) => id !== ownId)
      this.#still = this.#observe(others, askedMs, clock.now())
    } catch (error) {
      this.#still = []
      this.#watch.interrupted()
      throw error
    }
  }

  #observe(others: Heartbeat[], askedMs: number, nowMs: number): Heartbeat[] {
    if (nowMs - this.#lastMs > GAP_MS) this.#watch.interrupted()
    this.#lastMs = nowMs
    return this.#watch.observe(
      others.map((one) => ({ ...one, mark: one.heartbeat })),
      askedMs,
      nowMs,
    )
  }
}
