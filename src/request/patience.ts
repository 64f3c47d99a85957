/** Milliseconds a request waits for the ledger in all, so that its refusal comes within 600. */
const PATIENCE_MS = 550

/** The time that one request waits for the ledger, over all that it asks of it. */
export class Patience {
  #leftMs = PATIENCE_MS

  /** Asks with the milliseconds that are left, and takes off what that took. */
  async spend<T>(ask: (withinMs: number) => Promise<T>): Promise<T> {
    const askedAt = performance.now()
    try {
      return await ask(this.#leftMs)
    } finally {
      this.#leftMs = Math.max(0, this.#leftMs - (performance.now() - askedAt))
    }
  }
}
