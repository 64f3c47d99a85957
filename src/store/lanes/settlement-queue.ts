import { type Clock, SYSTEM_CLOCK } from '../../clock.ts'
import { isDataFault } from '../sqlstate.ts'
import type { SettleAnswer, Settlement } from './settle.ts'

/** Milliseconds between two tries of a settlement while Postgres does not take it. */
const RETRY_FIRST_MS = 100
const RETRY_MAX_MS = 2_000

/** Tries after which a settlement that does not get through is reported again. */
const REPORT_EVERY = 10

/** Times that Postgres has to refuse a settlement for its contents until it is set aside. */
const REFUSALS_MAX = 3

/** Settlements waiting beyond which nothing should be added that the sweeper does later as well. */
const CROWD = 10_000

export type SettlementPorts = {
  /** One try. @throws ProxyError whose cause is the fault of the database */
  submit(settlement: Settlement): Promise<SettleAnswer>
  /** Hears of the first failed try of a settlement, and of every tenth. */
  trouble(error: unknown, settlement: Settlement): void
  /** Keeps for the operator what Postgres never takes. @throws Error where it can not be kept */
  setAside(settlement: Settlement, error: unknown): void
}

type Observer = (settlement: Settlement, charge: SettleAnswer) => void

type Pending = { settlement: Settlement; answer: Promise<SettleAnswer> }

/**
 * Settlements on their way to Postgres. What is added stays until Postgres has answered for it:
 * an outage delays a settlement, and never loses it while the process lives.
 */
export class SettlementQueue {
  readonly #ports: SettlementPorts
  readonly #clock: Clock
  readonly #pending = new Map<string, Pending>()
  /** Wakes what waits for its next try. */
  readonly #sleeping = new Set<() => void>()
  /** Holds that Postgres does not even let a guess end. */
  readonly #hopeless = new Set<string>()
  readonly #observers: Observer[] = []

  constructor(ports: SettlementPorts, clock = SYSTEM_CLOCK) {
    this.#ports = ports
    this.#clock = clock
  }

  /** Settlements that Postgres has not answered for. */
  get size(): number {
    return this.#pending.size
  }

  /** So many wait that what the sweeper finds later as well should be left to it. */
  get isCrowded(): boolean {
    return this.#pending.size >= CROWD
  }

  /** Tells of everything settled from now on, also what others left behind. */
  watch(observe: Observer): void {
    this.#observers.push(observe)
  }

  /**
   * A second settlement of a hold that is on its way is the first one; but the result of a request
   * follows the guess of a sweeper.
   * @returns what was charged; null when the hold was ended before, or when Postgres never takes
   * the settlement. Never rejects.
   */
  add(settlement: Settlement): Promise<SettleAnswer> {
    const { id } = settlement
    const before = this.#pending.get(id)
    if (before && (isGuess(settlement) || !isGuess(before.settlement))) return before.answer
    if (isGuess(settlement) && this.#hopeless.has(id)) return Promise.resolve(null)
    const deliver = () => this.#deliver(settlement)
    const pending = {
      settlement,
      answer: (before ? before.answer.then(deliver) : deliver()).finally(() => {
        if (this.#pending.get(id) === pending) this.#pending.delete(id)
      }),
    }
    this.#pending.set(id, pending)
    return pending.answer
  }

  /** Whether a hold's settlement is on its way. */
  has(id: string): boolean {
    return this.#pending.has(id)
  }

  /**
   * Resolves when Postgres has answered for all that is on its way of an account; null where
   * nothing is, or too much to look through.
   */
  ofAccount(accountId: string): Promise<unknown> | null {
    if (this.isCrowded) return null
    const own = [...this.#pending.values()].filter((one) => one.settlement.accountId === accountId)
    return own.length === 0 ? null : Promise.all(own.map(({ answer }) => answer))
  }

  /** Resolves when Postgres has answered for everything. */
  async idle(): Promise<void> {
    for (const wake of this.#sleeping) wake() // try at once what waits for its next turn
    while (this.#pending.size > 0) {
      await Promise.all([...this.#pending.values()].map(({ answer }) => answer))
    }
  }

  async #deliver(settlement: Settlement): Promise<SettleAnswer> {
    const charge = await this.#submitUntilTaken(settlement)
    if (charge === 'refused') return null
    for (const observe of this.#observers) observe(settlement, charge)
    return charge
  }

  async #submitUntilTaken(settlement: Settlement): Promise<SettleAnswer | 'refused'> {
    let refusals = 0
    for (let tries = 0; ; tries += 1) {
      try {
        return await this.#ports.submit(settlement)
      } catch (error) {
        if (isDataFault((error as Error).cause)) refusals += 1
        if (refusals >= REFUSALS_MAX && this.#isSetAside(settlement, error)) return 'refused'
        if (tries % REPORT_EVERY === 0) this.#ports.trouble(error, settlement)
        await this.#sleep(Math.min(RETRY_FIRST_MS * 2 ** tries, RETRY_MAX_MS))
      }
    }
  }

  #isSetAside(settlement: Settlement, error: unknown): boolean {
    try {
      this.#ports.setAside(settlement, error)
    } catch (fault) {
      this.#ports.trouble(fault, settlement)
      return false
    }
    if (isGuess(settlement)) this.#hopeless.add(settlement.id)
    return true
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(ms, wake)
      const sleeping = this.#sleeping
      sleeping.add(wake)
      function wake() {
        cancel()
        sleeping.delete(wake)
        resolve()
      }
    })
  }
}

/** What a sweeper takes for the cost of a request whose process is gone: its last checkpoint. */
function isGuess({ record }: Settlement): boolean {
  return record.outcome === 'crashed'
}
