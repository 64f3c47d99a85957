import { type Clock, SYSTEM_CLOCK } from '../clock.ts'
import { stopwatch } from '../standstill.ts'

/** Milliseconds a request waits for the ledger in all, so that its refusal comes within 600. */
const PATIENCE_MS = 550

/**
 * The time that one request waits for the ledger, over all that it asks of it. While this process
 * stands still nobody waits for the ledger.
 */
export class Patience {
  readonly #clock: Clock
  #leftMs = PATIENCE_MS

  constructor(clock = SYSTEM_CLOCK) {
    this.#clock = clock
  }

  /** Asks with the milliseconds that are left, and takes off what that took. */
  async spend<T>(ask: (withinMs: number) => Promise<T>): Promise<T> {
    const watch = stopwatch(this.#clock)
    try {
      return await ask(this.#leftMs)
    } finally {
      watch.stop()
      this.#leftMs = Math.max(0, this.#leftMs - watch.ranMs())
    }
  }
}
