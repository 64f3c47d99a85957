import { setTimeout as delay } from 'node:timers/promises'
import type { SettleAnswer, Settlement } from './settle.ts'

/** Milliseconds between two tries of a settlement while Postgres does not take it. */
const RETRY_FIRST_MS = 100
const RETRY_MAX_MS = 2_000

/** Tries after which a settlement that does not get through is reported again. */
const REPORT_EVERY = 10

type Submit = (settlement: Settlement) => Promise<SettleAnswer>

/**
 * Settlements on their way to Postgres. What is added stays until Postgres has answered for it:
 * an outage delays a settlement, and never loses it while the process lives.
 */
export class SettlementQueue {
  readonly #submit: Submit
  readonly #trouble: (error: unknown, settlement: Settlement) => void
  readonly #pending = new Map<string, Promise<SettleAnswer>>()
  #waiting = new AbortController()
  #observe: (settlement: Settlement, charge: SettleAnswer) => void = () => {}

  /** @param trouble hears of the first failed try of a settlement, and of every tenth */
  constructor(submit: Submit, trouble: (error: unknown, settlement: Settlement) => void) {
    this.#submit = submit
    this.#trouble = trouble
  }

  /** Settlements that Postgres has not answered for. */
  get size(): number {
    return this.#pending.size
  }

  /** Tells of everything settled from now on, also what others left behind; one listener. */
  watch(observe: (settlement: Settlement, charge: SettleAnswer) => void): void {
    this.#observe = observe
  }

  /**
   * @returns what was charged; null when the hold was ended before. Never rejects. A second
   * settlement of a hold that is on its way is the first one.
   */
  add(settlement: Settlement): Promise<SettleAnswer> {
    const pending = this.#pending.get(settlement.id)
    if (pending) return pending
    const answer = this.#deliver(settlement).finally(() => this.#pending.delete(settlement.id))
    this.#pending.set(settlement.id, answer)
    return answer
  }

  /** Whether a hold's settlement is on its way. */
  has(id: string): boolean {
    return this.#pending.has(id)
  }

  /** Resolves when Postgres has answered for everything. */
  async idle(): Promise<void> {
    this.#waiting.abort() // try at once what is waiting for its next turn
    this.#waiting = new AbortController()
    while (this.#pending.size > 0) await Promise.all(this.#pending.values())
  }

  async #deliver(settlement: Settlement): Promise<SettleAnswer> {
    for (let tries = 0; ; tries += 1) {
      try {
        const charge = await this.#submit(settlement)
        this.#observe(settlement, charge)
        return charge
      } catch (error) {
        if (tries % REPORT_EVERY === 0) this.#trouble(error, settlement)
        const waitMs = Math.min(RETRY_FIRST_MS * 2 ** tries, RETRY_MAX_MS)
        await delay(waitMs, null, { signal: this.#waiting.signal }).catch(() => null)
      }
    }
  }
}
