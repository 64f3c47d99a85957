import type { FastifyRequest } from 'fastify'
import type { UpstreamTimeouts } from '../config.ts'
import type { Routes, UpstreamRequest } from '../upstream/attempt.ts'
import type { UpstreamPools } from '../upstream/connect/pools.ts'
import type { FailedAttempt } from '../upstream/relay/relay.ts'
import { clientPatience, upstreamHeaders } from '../upstream/request-headers.ts'
import { ROUTES_TRIED_MAX } from '../upstream/routes/failover.ts'
import { StreamOptionsMemory } from '../upstream/stream-options-memory.ts'
import { asksPlainly } from '../wire/requests/choices-request.ts'
import { bodyOf, endpointOf } from './endpoint-of.ts'
import { servingOf } from './serving.ts'

/** The routes of a request as they are tried, and what is sent on each. */
export function createRoutes(pools: UpstreamPools, { firstByteMs }: UpstreamTimeouts) {
  const memory = new StreamOptionsMemory()

  /** @param failed hears of an attempt that another one follows */
  return (request: FastifyRequest, failed: (attempt: FailedAttempt) => void): Routes => {
    const { server } = request
    const patienceMs = clientPatience(request.headers) ?? firstByteMs * ROUTES_TRIED_MAX
    const failover = server.failoverOf(request, patienceMs)
    return {
      open: () => ({
        ...requestTo(request, pools, memory),
        firstByteMs: failover.timeFor(firstByteMs),
        doubtMs: failover.doubtMs,
      }),
      get hasOthers() {
        return failover.hasOthers
      },
      get isHopeless() {
        return failover.isHopeless(request.seat)
      },
      moveOn(attempt) {
        const next = failover.next(attempt.error)
        if (next === null) return false
        failed(attempt)
        server.takeRoute(request, next)
        server.repinTerms(request)
        request.timeline.enter('upstream')
        return true
      },
    }
  }
}

/** The upstream's request, made of a client's for the route that is taken now. */
function requestTo(
  request: FastifyRequest,
  pools: UpstreamPools,
  memory: StreamOptionsMemory,
): Omit<UpstreamRequest, 'firstByteMs' | 'doubtMs'> {
  const endpoint = endpointOf(request)
  const { target, upstreamModel } = request.route
  const { stream } = bodyOf(request)
  const profile = memory.profileFor(target, upstreamModel)
  const { outputLimit } = request.hold
  return {
    pool: pools.of(target),
    path: target.pathOf(endpoint.path),
    headers: upstreamHeaders(request, endpoint, stream, target),
    body: endpoint.upstreamBody(bodyOf(request), { upstreamModel, outputLimit, profile }),
    reconsider: (status, refusal) =>
      stream &&
      profile.streamOptions === 'auto' &&
      asksPlainly(bodyOf(request)) &&
      memory.learn(target, upstreamModel, status, refusal),
    serving: servingOf(request),
  }
}
