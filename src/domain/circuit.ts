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

export type CircuitState = 'closed' | 'half_open' | 'open'

/** What a route did wrong. */
export type RouteFault = {
  nowMs: number
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
  #isByTimeout = false
  #isProbed = false

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
    if (this.#openUntilMs === null || this.#isProbed) return false
    const waitMs = this.#isByTimeout && !isStream ? WHOLE_PROBE_AFTER_MS : 0
    return nowMs >= this.#openUntilMs + waitMs
  }

  /** A request probes it; `faulted`, `succeeded` or `probeLeft` tells what came of that. */
  probe(): void {
    this.#isProbed = true
  }

  /** The probe ended before it told anything. */
  probeLeft(): void {
    this.#isProbed = false
  }

  /** @returns whether that closed it */
  succeeded(): boolean {
    const wasOpen = this.#openUntilMs !== null
    this.#faults = 0
    this.#openUntilMs = null
    this.#isProbed = false
    return wasOpen
  }

  /**
   * Once it is open only a probe tells something new: others began before, or had no other route.
   * @returns whether that opened it, after it was closed
   */
  faulted(fault: RouteFault): boolean {
    const wasOpen = this.#openUntilMs !== null
    if (wasOpen && !fault.isProbe) return false
    if (!wasOpen) this.#faults += 1
    if (this.#faults < FAULTS_TO_OPEN) return false
    this.#isProbed = false
    this.#isByTimeout = fault.isTimeout
    this.#openUntilMs = fault.nowMs + openMs(fault)
    return !wasOpen
  }
}

function openMs({ retryAfterMs, chance }: RouteFault): number {
  const ownMs = OPEN_MS + chance * OPEN_JITTER_MS
  return retryAfterMs === null ? ownMs : Math.max(ownMs, Math.min(retryAfterMs, RETRY_AFTER_MAX_MS))
}
