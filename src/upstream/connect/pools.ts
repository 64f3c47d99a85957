import type { Dispatcher } from 'undici'
import type { UpstreamTimeouts } from '../../config.ts'
import { ProxyError } from '../../errors.ts'
import type { UpstreamTarget } from '../target.ts'
import type { AddressGuard } from './address-guard.ts'
import { type Connections, directConnections, proxiedConnections } from './connections.ts'
import type { Proxies } from './proxies.ts'

/** Bytes of response headers an upstream may send; more is a broken answer. */
const HEADER_BYTES_MAX = 32_768

/** Milliseconds an idle connection is kept for the next request. */
const KEEP_ALIVE_MS = 4_000

/** Milliseconds without a request after which a pool is closed: its provider may be gone. */
const POOL_IDLE_MS = 60_000

type KnownPool = Connections & { usedAt: number }

/** One undici pool an upstream, made when first needed, and closed when it is not any more. */
export class UpstreamPools {
  readonly #timeouts: UpstreamTimeouts
  readonly #guard: AddressGuard
  readonly #proxies: Proxies
  readonly #idleMs: number
  readonly #pools = new Map<string, KnownPool>()
  readonly #tidying: NodeJS.Timeout

  /**
   * @param guard judges the addresses of upstreams
   * @param proxies who is not connected to directly
   */
  constructor(
    timeouts: UpstreamTimeouts,
    guard: AddressGuard,
    proxies: Proxies,
    idleMs = POOL_IDLE_MS,
  ) {
    this.#timeouts = timeouts
    this.#guard = guard
    this.#proxies = proxies
    this.#idleMs = idleMs
    this.#tidying = setInterval(() => this.#tidy(), idleMs / 2).unref()
  }

  /** How many there are. */
  get size(): number {
    return this.#pools.size
  }

  /** @throws ProxyError upstream_misconfigured where its address may not be an upstream */
  of({ origin, source }: UpstreamTarget): Dispatcher {
    const name = `${source} ${origin}`
    const usedAt = performance.now()
    const known = this.#pools.get(name)
    if (known) {
      known.usedAt = usedAt
      return known.dispatcher
    }
    const made = { ...this.#open(origin, source === 'env'), usedAt }
    this.#pools.set(name, made)
    return made.dispatcher
  }

  /** Ends every connection at once. */
  async close(): Promise<void> {
    clearInterval(this.#tidying)
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()))
  }

  #tidy(): void {
    for (const [name, pool] of this.#pools) {
      if (!pool.isIdle() || performance.now() - pool.usedAt < this.#idleMs) continue
      this.#pools.delete(name)
      void pool.destroy()
    }
  }

  #open(origin: string, trusted: boolean): Connections {
    const url = new URL(origin)
    if (this.#guard.refusalOf(url, trusted) !== null) {
      const cause = new Error(`${origin} is an address that may not be an upstream`)
      throw new ProxyError('upstream_misconfigured', { cause })
    }
    const timeout = this.#timeouts.connectMs
    const lookup = trusted ? this.#guard.trustedLookup : this.#guard.lookup
    const limits = {
      allowH2: false,
      pipelining: 1, // a stream would block whatever is behind it
      headersTimeout: this.#timeouts.firstByteMs,
      bodyTimeout: this.#timeouts.idleMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: HEADER_BYTES_MAX,
    }
    const proxy = this.#proxies.for(url)
    return proxy === null
      ? directConnections(origin, { ...limits, connect: { timeout, lookup } })
      : proxiedConnections(origin, proxy, timeout, limits)
  }
}
