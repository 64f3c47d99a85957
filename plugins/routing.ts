import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Clock } from '../src/clock.ts'
import { RetryBudget } from '../src/domain/routes/retry-budget.ts'
import { orderRoutes } from '../src/domain/routes/route.ts'
import { bodyOf } from '../src/request/endpoint-of.ts'
import { requestSlot } from '../src/request/request-slot.ts'
import { Failover, ROUTES_TRIED_MAX } from '../src/upstream/routes/failover.ts'
import { RouteStates, type Seat } from '../src/upstream/routes/route-states.ts'
import type { ServingRoute } from '../src/upstream/routes/serving-route.ts'

type Routes = readonly [ServingRoute, ...ServingRoute[]]

type RoutingOptions = {
  /** Times circuits, retries, and the patience of clients. */
  clock: Pick<Clock, 'now'>
}

/** Which of its routes a request takes first, and which one next. */
async function routing(app: FastifyInstance, { clock }: RoutingOptions): Promise<void> {
  const setRoute = requestSlot(app, 'route')
  const setOthers = requestSlot(app, 'otherRoutes')
  const budget = new RetryBudget()
  const states = new RouteStates({
    clock,
    chance: Math.random,
    watch: {
      opened: ({ provider, baseUrl, upstreamModel }, { code, cause }) =>
        app.log.warn(
          {
            provider,
            base_url: baseUrl,
            upstream_model: upstreamModel,
            code,
            reason: wordsOf(cause),
          },
          'a circuit is open',
        ),
      closed: ({ provider, baseUrl, upstreamModel }) =>
        app.log.info(
          { provider, base_url: baseUrl, upstream_model: upstreamModel },
          'a circuit is closed',
        ),
    },
  })

  function take(request: FastifyRequest, route: ServingRoute): void {
    request.seat?.leave()
    request.seat = route.state?.seat(bodyOf(request).stream) ?? null
    setRoute(request, route)
  }

  app.decorate('routeStates', states)
  app.decorateRequest('seat', null)
  app.decorate('chooseRoute', (request, reply, routes) => {
    budget.requested(clock.now())
    const [route, ...others] = ordered(request, routes)
    setOthers(request, others)
    take(request, route)
    reply.raw.once('close', () => {
      if (request.exchange === null) request.seat?.leave() // it never got to the upstream
    })
  })
  app.decorate('failoverOf', (request, patienceMs) => {
    const { otherRoutes: others } = request
    return new Failover({ clock, budget }, { stream: bodyOf(request).stream, others, patienceMs })
  })
  app.decorate('takeRoute', take)
}

/** The routes that a request may be tried on, in order. */
function ordered(request: FastifyRequest, routes: Routes): Routes {
  if (routes.length === 1) return routes
  const { stream, stickyKey = null } = bodyOf(request)
  const choices = routes.map((route) => ({
    route,
    priority: route.priority,
    weight: route.weight,
    name: route.state?.key ?? '',
    inFlight: route.state?.inFlight ?? 0,
    standing: route.state?.standing(stream) ?? ('good' as const),
  }))
  const order = orderRoutes(choices, stickyKey, Math.random).map(({ route }) => route)
  return order.slice(0, ROUTES_TRIED_MAX) as unknown as Routes
}

/** What went wrong, in the words of what was thrown. */
function wordsOf(cause: unknown): string | null {
  return cause instanceof Error ? cause.message : null
}

declare module 'fastify' {
  interface FastifyInstance {
    /** What this process knows of the routes it has used. */
    routeStates: RouteStates
    /** Orders the routes of a request and takes the first. */
    chooseRoute(request: FastifyRequest, reply: FastifyReply, routes: Routes): void
    /** The routes a request has left, for so many milliseconds. */
    failoverOf(request: FastifyRequest, patienceMs: number): Failover<ServingRoute>
    /** Gives the place on its route up for one on another. */
    takeRoute(request: FastifyRequest, route: ServingRoute): void
  }
  interface FastifyRequest {
    /** Where the model is served, and what it costs there: the route that is taken now. */
    readonly route: ServingRoute
    /** Those that may be tried after the first, in order. */
    readonly otherRoutes: ServingRoute[]
    /** Its place on its route; null where nothing is known of that. */
    seat: Seat | null
  }
}

export default fp(routing, { name: 'routing', dependencies: ['auth'] })
