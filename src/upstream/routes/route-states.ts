import type { Clock } from '../../clock.ts'
import { Circuit, type CircuitState } from '../../domain/routes/circuit.ts'
import type { Standing } from '../../domain/routes/route.ts'
import type { ProxyError } from '../../errors.ts'
import type { UpstreamTarget } from '../target.ts'
import { isRouteFault } from './failover.ts'

/** Routes remembered: more than most enter. Beyond that those that nobody uses are forgotten. */
const ROUTES_MAX = 10_000

/** What a route is called in the log and in metrics. */
export type RouteName = { provider: string; baseUrl: string; upstreamModel: string }

/** Hears once when a circuit opens, and once when it closes. */
export type CircuitWatch = {
  opened(route: RouteName, reason: ProxyError): void
  closed(route: RouteName): void
}

type Ports = { clock: Pick<Clock, 'now'>; chance(): number; watch: CircuitWatch }

/** What this process knows of one route: how many requests are on it, and whether it works. */
export class RouteState {
  /** Tells it from all others. */
  readonly key: string
  readonly name: RouteName
  readonly circuit = new Circuit()
  inFlight = 0
  readonly #ports: Ports

  constructor(key: string, name: RouteName, ports: Ports) {
    this.key = key
    this.name = name
    this.#ports = ports
  }

  get circuitState(): CircuitState {
    return this.circuit.state(this.#ports.clock.now())
  }

  /** How it stands for a request that has to choose. */
  standing(isStream: boolean): Standing {
    const now = this.#ports.clock.now()
    if (this.circuit.state(now) === 'closed') return 'good'
    return this.circuit.wantsProbe(now, isStream) ? 'probe' : 'broken'
  }

  /** Takes a place on the route; the caller gives it back. */
  seat(isStream: boolean): Seat {
    return new Seat(this, this.#ports, this.standing(isStream) === 'probe')
  }
}

/** A request's place on a route, from its choice until its attempt is over. */
export class Seat {
  /** It is there to find out whether the route works again. */
  readonly isProbe: boolean
  readonly #state: RouteState
  readonly #ports: Ports
  readonly #cameAtMs: number
  #hasLeft = false
  #isTold = false

  constructor(state: RouteState, ports: Ports, isProbe: boolean) {
    this.#state = state
    this.#ports = ports
    this.isProbe = isProbe
    this.#cameAtMs = ports.clock.now()
    state.inFlight += 1
    if (isProbe) state.circuit.probe(this.#cameAtMs)
  }

  /** Others have found that the route does not answer. */
  get isHanging(): boolean {
    return this.#state.circuit.isHanging
  }

  /** The route has answered. That an answer which began ends, too, says nothing more of it. */
  succeeded(): void {
    if (this.#isTold) return
    this.#isTold = true
    const { circuit, name } = this.#state
    if (circuit.succeeded(this.#cameAtMs)) this.#ports.watch.closed(name)
  }

  /** The attempt has failed: a fault of the route where it is none of the request's. */
  failed(error: ProxyError): void {
    if (error.code === 'upstream_rejected')
      this.succeeded() // it is the request's own
    else if (isRouteFault(error)) this.#faulted(error)
  }

  #faulted(error: ProxyError): void {
    const { clock, chance, watch } = this.#ports
    const { circuit, name } = this.#state
    const isLimited = error.code === 'rate_limit_exceeded' && error.retryAfterS !== undefined
    const hasOpened = circuit.faulted({
      nowMs: clock.now(),
      cameAtMs: this.#cameAtMs,
      isTimeout: error.code === 'upstream_timeout',
      retryAfterMs: isLimited ? (error.retryAfterS ?? 0) * 1_000 : null,
      chance: chance(),
      isProbe: this.isProbe && !this.#isTold,
    })
    this.#isTold = true
    if (hasOpened) watch.opened(name, error)
  }

  /** Gives the place back; only the first call does anything. */
  leave(): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    this.#state.inFlight -= 1
    if (this.isProbe && !this.#isTold) this.#state.circuit.probeLeft()
  }
}

/** The routes this process has used, by provider, base URL and the model's name there. */
export class RouteStates {
  readonly #ports: Ports
  readonly #states = new Map<string, RouteState>()

  constructor(ports: Ports) {
    this.#ports = ports
  }

  of({ source, provider, baseUrl }: UpstreamTarget, upstreamModel: string): RouteState {
    const key = JSON.stringify([source, provider, baseUrl, upstreamModel])
    const known = this.#states.get(key)
    if (known) return known
    if (this.#states.size >= ROUTES_MAX) this.#forgetUnused()
    const state = new RouteState(key, { provider, baseUrl, upstreamModel }, this.#ports)
    this.#states.set(key, state)
    return state
  }

  all(): Iterable<RouteState> {
    return this.#states.values()
  }

  #forgetUnused(): void {
    for (const [key, { inFlight }] of this.#states) if (inFlight === 0) this.#states.delete(key)
  }
}
