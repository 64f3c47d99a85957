import type { CircuitState } from '../domain/routes/circuit.ts'
import type { RouteStates } from '../upstream/routes/route-states.ts'
import type { Definer } from './definer.ts'

/** What the gauge says of a circuit: the higher, the worse. */
const LEVELS: Record<CircuitState, number> = { closed: 0, half_open: 1, open: 2 }

/** Tells how the routes stand that this process has used. */
export function watchRoutes({ gauge }: Definer, routes: RouteStates): void {
  gauge(
    'circuit_state',
    'Whether a route is worth a try: 0 closed (it is), 1 half open, 2 open.',
    ['provider', 'upstream_model'],
    (circuits) => {
      circuits.reset()
      for (const { name, circuitState } of routes.all()) {
        const { provider, upstreamModel: upstream_model } = name
        circuits.set({ provider, upstream_model }, LEVELS[circuitState])
      }
    },
  )
}
