/** Faults in a row that open a circuit. */
export const FAULTS_TO_OPEN = 5

/** Milliseconds a circuit stays open, and up to which more by chance: no herd comes back. */
export const OPEN_MS = 4_000
export const OPEN_JITTER_MS = 1_000

/** Milliseconds an upstream's own Retry-After keeps a circuit open at most. */
export const RETRY_AFTER_MAX_MS = 8_000

/**
 * Milliseconds a half-open circuit that timeouts opened waits for a stream to probe it. A stream
 * is soon given up on a route that still hangs, an answer in one piece is not.
 */
export const WHOLE_PROBE_AFTER_MS = 3_000

/**
 * Milliseconds after which a probe is not the only one any more: it may wait for a long answer, and
 * its route be as good as any other. A stream that hangs is given up by then.
 */
export const PROBE_ALONE_MS = 10_000

export type CircuitState = 'closed' | 'half_open' | 'open'

/** What a route did wrong. */
export type RouteFault = {
  nowMs: number
  /** When the request took the route. */
  cameAtMs: number
  /** It did not answer in time. */
  isTimeout: boolean
  /** How long it asked to be left alone; null where it did not. */
  retryAfterMs: number | null
  /** From 0 to below 1. */
  chance: number
  /** It was the probe that failed. */
  isProbe: boolean
}

/**
 * Whether a route is worth a try. Faults in a row open its circuit; after a while it is half open,
 * and one request probes it; the first success closes it. It only advises: who has no other route
 * takes this one anyway. Time and chance come in as arguments.
 */
export class Circuit {
  #faults = 0
  /** When it is half open; null while it is closed. */
  #openUntilMs: number | null = null
  /** When it was opened last. */
  #openedAtMs = 0
  #isByTimeout = false
  /** When the last of those came that were answered. */
  #servedMs = Number.NEGATIVE_INFINITY
  /** When the last probe began; null where none is under way. */
  #probedAtMs: number | null = null

  state(nowMs: number): CircuitState {
    if (this.#openUntilMs === null) return 'closed'
    return nowMs < this.#openUntilMs ? 'open' : 'half_open'
  }

  /** Whether timeouts have opened it, and nothing has closed it since. */
  get isHanging(): boolean {
    return this.#openUntilMs !== null && this.#isByTimeout
  }

  /** Whether such a request may be the probe. */
  wantsProbe(nowMs: number, isStream: boolean): boolean {
    if (this.#openUntilMs === null) return false
    const isRisky = this.#isByTimeout && !isStream
    if (this.#probedAtMs === null) {
      return nowMs >= this.#openUntilMs + (isRisky ? WHOLE_PROBE_AFTER_MS : 0)
    }
    return !isRisky && nowMs >= this.#probedAtMs + PROBE_ALONE_MS
  }

  /** A request probes it; `faulted`, `succeeded` or `probeLeft` tells what came of that. */
  probe(nowMs: number): void {
    this.#probedAtMs = nowMs
  }

  /** The probe ended before it told anything. */
  probeLeft(): void {
    this.#probedAtMs = null
  }

  /**
   * Who came before it opened tells nothing new: what runs may well end while nothing begins.
   * @param cameAtMs when the request that was answered took the route
   * @returns whether that closed it
   */
  succeeded(cameAtMs: number): boolean {
    const wasOpen = this.#openUntilMs !== null
    if (wasOpen && cameAtMs < this.#openedAtMs) return false
    this.#faults = 0
    this.#openUntilMs = null
    this.#probedAtMs = null
    this.#servedMs = Math.max(this.#servedMs, cameAtMs)
    return wasOpen
  }

  /**
   * Once it is open only a probe tells something new: others began before, or had no other route.
   * Who waited in vain tells nothing where others who came later were answered: its answer is a
   * long one, or its client has little time.
   * @returns whether that opened it, after it was closed
   */
  faulted(fault: RouteFault): boolean {
    const wasOpen = this.#openUntilMs !== null
    if (wasOpen && !fault.isProbe) return false
    if (fault.isTimeout && fault.cameAtMs < this.#servedMs) return false
    if (!wasOpen) this.#faults += 1
    if (this.#faults < FAULTS_TO_OPEN) return false
    this.#probedAtMs = null
    this.#isByTimeout = fault.isTimeout
    this.#openedAtMs = fault.nowMs
    this.#openUntilMs = fault.nowMs + openMs(fault)
    return !wasOpen
  }
}

function openMs({ retryAfterMs, chance }: RouteFault): number {
  const ownMs = OPEN_MS + chance * OPEN_JITTER_MS
  return retryAfterMs === null ? ownMs : Math.max(ownMs, Math.min(retryAfterMs, RETRY_AFTER_MAX_MS))
}
