import type { Clock } from '../../clock.ts'
import type { RetryBudget } from '../../domain/routes/retry-budget.ts'
import type { Standing } from '../../domain/routes/route.ts'
import type { ErrorCode, ProxyError } from '../../errors.ts'
import type { Seat } from './route-states.ts'

/**
 * Routes a request is tried on at most, one attempt each; the repeat of an attempt that nobody can
 * have answered (W-140) comes on top.
 */
export const ROUTES_TRIED_MAX = 3

/**
 * Milliseconds an upstream gets for the head of an event stream while another healthy route is
 * left. A stream's head comes before its first token, the head of an answer in one piece only with
 * the answer, after minutes perhaps: that has the whole UPSTREAM_FIRST_BYTE_TIMEOUT_MS.
 */
export const FAILOVER_FIRST_BYTE_MS = 10_000

/**
 * Milliseconds by which an attempt that had all the time that was left may have ended too early:
 * undici's timers tick twice a second. Who is asked then has no time, and is not to be blamed.
 */
const TIMER_EARLY_MS = 500

/** Part of its time that an answer in one piece spends at most to find out that a route hangs. */
const WHOLE_PROBE_SHARE = 0.5

/** Failures of a route, of which another one may be free; all others are the request's, or ours. */
const ROUTE_FAULTS: readonly ErrorCode[] = [
  'upstream_error',
  'upstream_timeout',
  'upstream_incomplete',
  'upstream_misconfigured',
  'rate_limit_exceeded',
]

/** Whether a failure of an upstream is its route's: not that of the request, and not ours. */
export function isRouteFault({ code }: ProxyError): boolean {
  return ROUTE_FAULTS.includes(code)
}

/** A route as failing over sees it; one of which nothing is known is a good one. */
type Choosable = { state: { standing(isStream: boolean): Standing } | null }

type Ports = { clock: Pick<Clock, 'now'>; budget: RetryBudget }

type Plan<Route> = {
  stream: boolean
  /** Other routes, in the order in which they are tried. */
  others: readonly Route[]
  /** Milliseconds after which nobody waits for the answer to begin. */
  patienceMs: number
}

/** The routes that one request has left, and the time. */
export class Failover<Route extends Choosable> {
  readonly #ports: Ports
  readonly #stream: boolean
  readonly #patienceMs: number
  readonly #startedAt: number
  #others: readonly Route[]
  /** The attempt that runs may take all the time that was left. */
  #hasAllTime = false

  constructor(ports: Ports, { stream, others, patienceMs }: Plan<Route>) {
    this.#ports = ports
    this.#stream = stream
    this.#others = others
    this.#patienceMs = patienceMs
    this.#startedAt = ports.clock.now()
  }

  /** Milliseconds until nobody waits any more. */
  get leftMs(): number {
    return Math.max(0, this.#startedAt + this.#patienceMs - this.#ports.clock.now())
  }

  /** Milliseconds for an attempt that begins now. @param mostMs what any upstream gets */
  timeFor(mostMs: number): number {
    const { leftMs } = this
    this.#hasAllTime = leftMs <= mostMs
    return Math.max(1, Math.min(leftMs, mostMs)) // 0 would be for ever
  }

  get hasOthers(): boolean {
    return this.#others.length > 0
  }

  /** Milliseconds after which an attempt without a head is in doubt; null without another route. */
  get doubtMs(): number | null {
    return this.hasOthers ? FAILOVER_FIRST_BYTE_MS : null
  }

  /**
   * Whether an attempt that is in doubt is given up: where another route works, a stream is; an
   * answer in one piece only where streams have found its route to hang, or where it is the probe
   * that finds that out.
   * @param seat its place; null where nothing is known of the route
   */
  isHopeless(seat: Pick<Seat, 'isProbe' | 'isHanging'> | null): boolean {
    if (this.#find('good') === undefined && this.#find('probe') === undefined) return false
    if (this.#stream || seat?.isHanging) return true
    return seat?.isProbe === true && this.leftMs < this.#patienceMs * WHOLE_PROBE_SHARE
  }

  /** The next route after this failure; null where the failure is the answer. */
  next(failure: ProxyError): Route | null {
    if (!this.hasOthers || !isRouteFault(failure) || this.#isOver) return null
    const { clock, budget } = this.#ports
    if (!budget.take(clock.now())) return null
    const next = this.#find('good') ?? this.#find('probe') ?? this.#others[0]
    this.#others = this.#others.filter((route) => route !== next)
    return next ?? null
  }

  /** Whether nobody waits any more, or as good as that. */
  get #isOver(): boolean {
    return this.leftMs <= (this.#hasAllTime ? TIMER_EARLY_MS : 0)
  }

  #find(standing: Standing): Route | undefined {
    return this.#others.find(({ state }) => (state?.standing(this.#stream) ?? 'good') === standing)
  }
}
