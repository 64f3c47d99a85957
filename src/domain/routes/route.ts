import { rendezvousScore } from './rendezvous.ts'

/** One way to serve a model: lower priorities first, equal ones by weight. */
export type WeightedRoute = { priority: number; weight: number }

/** `probe`: it was broken, and one request should find out whether it still is. */
export type Standing = 'good' | 'probe' | 'broken'

/** What is known of a route when a request has to choose. */
export type RouteChoice = WeightedRoute & {
  /** Tells it from all others. */
  name: string
  /** Requests of this process that are on it. */
  inFlight: number
  standing: Standing
}

/** Draws one of these by weight. @param random from 0 to below 1 @returns null where none is */
export function drawByWeight<Route extends WeightedRoute>(
  routes: readonly Route[],
  random: number,
): Route | null {
  let left = random * routes.reduce((sum, { weight }) => sum + weight, 0)
  for (const route of routes) {
    left -= route.weight
    if (left < 0) return route
  }
  return routes.at(-1) ?? null
}

/**
 * The order in which routes are tried: those that are not broken by priority, then the others
 * likewise. Among equals a request with a key keeps to its own route, so that it finds its prompt
 * in the cache there; others take a route that waits for a probe, else one by weight, or another
 * by weight that has less to do.
 * @param stickyKey what its requests have in common; null without
 * @param random from 0 to below 1, each time anew
 */
export function orderRoutes<Route extends RouteChoice>(
  routes: readonly Route[],
  stickyKey: string | null,
  random: () => number,
): Route[] {
  const isBroken = ({ standing }: Route) => standing === 'broken'
  const usable = routes.filter((route) => !isBroken(route))
  const groups = [...byPriority(usable), ...byPriority(routes.filter(isBroken))]
  return groups.flatMap((equals) =>
    stickyKey === null ? orderByLoad(equals, random) : orderByKey(equals, stickyKey),
  )
}

function byPriority<Route extends RouteChoice>(routes: readonly Route[]): Route[][] {
  const groups = Map.groupBy(routes, ({ priority }) => priority)
  return [...groups].sort(([a], [b]) => a - b).map(([, equals]) => equals)
}

function orderByKey<Route extends RouteChoice>(equals: Route[], key: string): Route[] {
  const scored = equals.map((route) => ({
    route,
    score: rendezvousScore(key, route.name, route.weight),
  }))
  return scored.sort((a, b) => b.score - a.score).map(({ route }) => route)
}

function orderByLoad<Route extends RouteChoice>(equals: Route[], random: () => number): Route[] {
  const ordered = equals.filter(({ standing }) => standing === 'probe')
  const left = new Set(equals.filter(({ standing }) => standing !== 'probe'))
  while (left.size > 0) {
    const next = drawByLoad([...left], random)
    ordered.push(next)
    left.delete(next)
  }
  return ordered
}

/**
 * Of two drawn by weight the first, unless the second would have no more to do for its weight even
 * with this request: two choices keep loads even, and an idle proxy shares by weight alone.
 */
function drawByLoad<Route extends RouteChoice>(routes: Route[], random: () => number): Route {
  const first = drawByWeight(routes, random()) as Route
  const others = routes.filter((route) => route !== first)
  const second = drawByWeight(others, random())
  if (second === null) return first
  const isLighter = (second.inFlight + 1) / second.weight <= first.inFlight / first.weight
  return isLighter ? second : first
}
