import { Pool } from 'undici'
import type { UpstreamTimeouts } from '../config.ts'
import { ProxyError } from '../errors.ts'
import type { AddressGuard } from './address-guard.ts'
import type { UpstreamTarget } from './target.ts'

/** Bytes of response headers an upstream may send. */
const HEADER_BYTES_MAX = 32_768

/** Milliseconds an idle connection is kept for the next request. */
const KEEP_ALIVE_MS = 4_000

/** One undici pool an upstream, made when first needed. */
export class UpstreamPools {
  readonly #timeouts: UpstreamTimeouts
  readonly #guard: AddressGuard
  readonly #pools = new Map<string, Pool>()

  /** @param guard judges the addresses of upstreams that the environment does not vouch for */
  constructor(timeouts: UpstreamTimeouts, guard: AddressGuard) {
    this.#timeouts = timeouts
    this.#guard = guard
  }

  /** @throws ProxyError upstream_misconfigured where its address may not be an upstream */
  of({ origin, source }: UpstreamTarget): Pool {
    const trusted = source === 'env'
    if (!trusted && !this.#guard.allowsHost(new URL(origin).hostname)) {
      const cause = new Error(`${origin} is an address that may not be an upstream`)
      throw new ProxyError('upstream_misconfigured', { cause })
    }
    const name = `${source} ${origin}`
    const pool = this.#pools.get(name) ?? this.#open(origin, trusted)
    this.#pools.set(name, pool)
    return pool
  }

  /** Ends every connection at once. */
  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()))
  }

  #open(origin: string, trusted: boolean): Pool {
    const timeout = this.#timeouts.connectMs
    return new Pool(origin, {
      allowH2: false,
      pipelining: 1, // a stream would block whatever is behind it
      connect: trusted ? { timeout } : { timeout, lookup: this.#guard.lookup },
      headersTimeout: this.#timeouts.firstByteMs,
      bodyTimeout: this.#timeouts.idleMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: HEADER_BYTES_MAX,
    })
  }
}
