import type { Journal } from '../journal/journal.ts'
import type { SettleAnswer, Settlement } from '../store/lanes/settle.ts'
import type { SettlementQueue } from '../store/lanes/settlement-queue.ts'

/** A request that holds credits, as the door sees it. */
export type Held = {
  readonly id: string
  /** How it is settled; asked once, when its upstream's side has ended. */
  settlement(): Settlement
  /** Ends its upstream's side; resolves when that has ended. */
  abandon(): Promise<void>
  /** Told when Postgres has answered. */
  settled(settlement: Settlement, charge: SettleAnswer): void
}

export type DoorPorts = {
  journal: Pick<Journal, 'append' | 'settled'>
  settlements: Pick<SettlementQueue, 'add'>
  /** Hears of what went wrong with a request; the sweeper ends what can not be settled. */
  trouble(error: unknown, held: Held): void
}

type Inside<H> = { held: H; settlement: Settlement | null }

/**
 * The one door that every held request goes through once. It is sealed when its upstream's side
 * has ended: from then on its settlement is fixed, and on the local disk. It leaves after a
 * finished answer or after a hang-up, and its settlement is on its way to Postgres. A fault of
 * billing is reported here, and never the client's.
 */
export class Door<H extends Held> {
  readonly #ports: DoorPorts
  readonly #inside = new Map<string, Inside<H>>()
  #emptied: () => void = () => {}

  constructor(ports: DoorPorts) {
    this.#ports = ports
  }

  /** Who is inside: held requests that have not been settled. */
  *open(): Generator<H> {
    for (const { held } of this.#inside.values()) yield held
  }

  get size(): number {
    return this.#inside.size
  }

  has(id: string): boolean {
    return this.#inside.has(id)
  }

  ids(): string[] {
    return [...this.#inside.keys()]
  }

  enter(held: H): void {
    this.#inside.set(held.id, { held, settlement: null })
  }

  /** Fixes how a request is settled and writes that to the journal; only the first call does. */
  seal(id: string): void {
    const inside = this.#inside.get(id)
    if (!inside || inside.settlement) return
    const { held } = inside
    try {
      inside.settlement = held.settlement()
      this.#ports.journal.append(inside.settlement)
    } catch (error) {
      this.#ports.trouble(error, held)
    }
  }

  /** A request is over: its settlement goes to Postgres; only the first call does anything. */
  leave(id: string): void {
    this.seal(id)
    const inside = this.#inside.get(id)
    if (!inside) return
    this.#inside.delete(id) // the gate: whoever comes next finds nobody
    if (inside.settlement) void this.#settle(inside.held, inside.settlement)
    if (this.#inside.size === 0) this.#emptied()
  }

  /** The client has gone: ends the upstream's side, then lets the request leave. */
  async hangUp(id: string): Promise<void> {
    await this.#inside.get(id)?.held.abandon()
    this.leave(id)
  }

  /** Resolves when nobody is inside. */
  async empty(): Promise<void> {
    if (this.#inside.size === 0) return
    await new Promise<void>((resolve) => {
      this.#emptied = resolve
    })
  }

  async #settle(held: H, settlement: Settlement): Promise<void> {
    const charge = await this.#ports.settlements.add(settlement)
    try {
      this.#ports.journal.settled(held.id)
      held.settled(settlement, charge)
    } catch (error) {
      this.#ports.trouble(error, held)
    }
  }
}
