import type { ModelLimits } from '../../domain/bounds.ts'
import type { Rate } from '../../domain/prices/price.ts'
import type { WeightedRoute } from '../../domain/routes/route.ts'
import type { UpstreamTarget } from '../target.ts'
import type { RouteState } from './route-states.ts'

/** One way to serve a request: where its model is, and what it costs there. */
export type ServingRoute = WeightedRoute & {
  target: UpstreamTarget
  upstreamModel: string
  limits: ModelLimits
  rate: Rate
  /** What is known of it; null where nobody has named the model, which may then be any name. */
  state: RouteState | null
}
