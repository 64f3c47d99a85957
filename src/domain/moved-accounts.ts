/** Accounts remembered at a time: those beyond are looked at with all the others. */
const ACCOUNTS_MAX = 10_000

/**
 * The accounts that have moved, until somebody looks at them. Each is due some time after its first
 * movement, so that one look serves for many. Times are milliseconds on any one clock.
 */
export class MovedAccounts {
  readonly #dueMs = new Map<string, number>()

  /** An account that is remembered already keeps the time at which it is due. */
  add(id: string, dueMs: number): void {
    if (this.#dueMs.has(id) || this.#dueMs.size >= ACCOUNTS_MAX) return
    this.#dueMs.set(id, dueMs)
  }

  /** Forgets at most so many accounts that are due, the first that came first, and returns them. */
  take(nowMs: number, max: number): string[] {
    const due = [...this.#dueMs].filter(([, dueMs]) => dueMs <= nowMs).slice(0, max)
    for (const [id] of due) this.#dueMs.delete(id)
    return due.map(([id]) => id)
  }
}
