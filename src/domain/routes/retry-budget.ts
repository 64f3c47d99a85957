/** Milliseconds over which requests and retries are counted. */
const WINDOW_MS = 10_000

/** Retries in that time for each request in it. */
const RETRY_SHARE = 0.2

/** Retries in that time that are allowed on top, so that few requests have some too. */
export const RETRY_BURST = 100

type Second = { second: number; requests: number; retries: number }

/**
 * Bounds what failing over adds to the load of the upstreams that still serve: retries are a share
 * of the requests of the last seconds, and a small burst. The clock comes in as an argument.
 */
export class RetryBudget {
  #seconds: Second[] = []

  /** A request came. */
  requested(nowMs: number): void {
    this.#at(nowMs).requests += 1
  }

  /** @returns whether one more retry is allowed; then it is counted */
  take(nowMs: number): boolean {
    const now = this.#at(nowMs)
    const sum = (name: 'requests' | 'retries') =>
      this.#seconds.reduce((total, second) => total + second[name], 0)
    if (sum('retries') + 1 > RETRY_BURST + RETRY_SHARE * sum('requests')) return false
    now.retries += 1
    return true
  }

  /** The counters of this second; those that are too old go. */
  #at(nowMs: number): Second {
    const second = Math.floor(nowMs / 1_000)
    const last = this.#seconds.at(-1)
    if (last?.second === second) return last
    const fresh = { second, requests: 0, retries: 0 }
    const oldest = second - WINDOW_MS / 1_000
    this.#seconds = [...this.#seconds.filter((one) => one.second > oldest), fresh]
    return fresh
  }
}
