import { Pool } from 'undici'
import type { UpstreamTimeouts } from '../config.ts'

/** Bytes of response headers an upstream may send. */
const HEADER_BYTES_MAX = 32_768

/** Milliseconds an idle connection is kept for the next request. */
const KEEP_ALIVE_MS = 4_000

/** One undici pool an origin, made when first needed. */
export class UpstreamPools {
  readonly #timeouts: UpstreamTimeouts
  readonly #pools = new Map<string, Pool>()

  constructor(timeouts: UpstreamTimeouts) {
    this.#timeouts = timeouts
  }

  of(origin: string): Pool {
    let pool = this.#pools.get(origin)
    if (pool === undefined) {
      pool = new Pool(origin, {
        allowH2: false,
        pipelining: 1, // a stream would block whatever is behind it
        connect: { timeout: this.#timeouts.connectMs },
        headersTimeout: this.#timeouts.firstByteMs,
        bodyTimeout: this.#timeouts.idleMs,
        keepAliveTimeout: KEEP_ALIVE_MS,
        maxHeaderSize: HEADER_BYTES_MAX,
      })
      this.#pools.set(origin, pool)
    }
    return pool
  }

  /** Ends every connection at once. */
  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()))
  }
}
