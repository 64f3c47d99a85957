/** One way to serve a model. */
export type WeightedRoute = { priority: number; weight: number }

/**
 * Picks a route: of those with the lowest priority number, one by weight.
 * @param random from 0 to below 1
 * @returns null when there is none
 */
export function chooseRoute<Route extends WeightedRoute>(
  routes: readonly Route[],
  random: number,
): Route | null {
  const priority = Math.min(...routes.map((route) => route.priority))
  const first = routes.filter((route) => route.priority === priority)
  const total = first.reduce((sum, route) => sum + route.weight, 0)
  let left = random * total
  for (const route of first) {
    left -= route.weight
    if (left < 0) return route
  }
  return first.at(-1) ?? null
}
