import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { UpstreamTimeouts } from '../src/config.ts'
import type { EstimationMethod } from '../src/domain/usage/estimate.ts'
import { bodyOf, endpointOf } from '../src/request/endpoint-of.ts'
import { createRoutes } from '../src/request/upstream-routes.ts'
import { createEstimator } from '../src/tokens/estimator.ts'
import type { AddressGuard } from '../src/upstream/connect/address-guard.ts'
import { UpstreamPools } from '../src/upstream/connect/pools.ts'
import type { Proxies } from '../src/upstream/connect/proxies.ts'
import { Exchange } from '../src/upstream/exchange.ts'
import { createModelLister } from '../src/upstream/list-models.ts'
import { warnOfRefusal, warnOfUsage } from '../src/upstream/operator-warnings.ts'
import type { FailedAttempt, Relayed } from '../src/upstream/relay/relay.ts'
import type { UpstreamTarget } from '../src/upstream/target.ts'
import { withoutBody } from '../src/wire/requests/metered-request.ts'

type ProviderOptions = {
  /** The upstream of the environment, or the sandbox. */
  environment: UpstreamTarget
  guard: AddressGuard
  proxies: Proxies
  timeouts: UpstreamTimeouts
  commitMs: number
  estimation: EstimationMethod
}

/** The upstream: forwards a held request, and relays its answer as it comes. */
async function provider(app: FastifyInstance, options: ProviderOptions): Promise<void> {
  const { environment } = options
  const pools = new UpstreamPools(options.timeouts, options.guard, options.proxies)
  const routesOf = createRoutes(pools, options.timeouts)
  app.addHook('onClose', () => pools.close())

  function exchangeFor(request: FastifyRequest, reply: FastifyReply): Exchange {
    const endpoint = endpointOf(request)
    const { hold, buffered } = request
    const { model, stream, prompt } = bodyOf(request)
    const mayBeCounted = options.estimation === 'tokenizer' || (stream && !hold.isExact)
    const exchange = new Exchange({
      response: reply.raw,
      endpoint,
      request: withoutBody(bodyOf(request)),
      origin: { id: request.id, created: Math.floor(Date.now() / 1_000), model },
      keepText: options.estimation === 'tokenizer',
      commitMs: options.commitMs,
      estimation: options.estimation,
      estimate: createEstimator(
        prompt,
        () => app.promptText(request),
        options.estimation,
        app.tokenizer,
      ),
      buffered,
      answering: () => request.timeline.enter('answer'),
      forgetBody: () => void app.forgetBody(request, reply, mayBeCounted),
      retrying: (failed) => noteAttempt(request, exchange.attemptMs, failed),
      disconnectPolicy: () => request.route.target.profile,
      readingOn: () => request.timeline.enter('finish'),
      takeOver: () => {
        request.seat?.succeeded()
        return reply.hijack().getHeaders() as Record<string, string>
      },
      ended: (relayed) => {
        request.relayed = relayed
        noteAttempt(request, exchange.attemptMs, relayed)
        warnOfUsage(request.log, request.route.target, relayed)
        leaveSeat(request, relayed)
        if (relayed.isComplete) request.timeline.enter('ended')
        app.door.seal(request.id) // before the bytes that tell the client that it is over
      },
    })
    return exchange
  }

  app.decorateRequest('relayed', null)
  app.decorateRequest('exchange', null)
  app.decorate('upstream', environment)
  app.decorate(
    'upstreamModels',
    createModelLister(environment, () => pools.of(environment)),
  )
  app.decorate('forward', async (request: FastifyRequest, reply: FastifyReply) => {
    const exchange = exchangeFor(request, reply)
    request.timeline.enter('upstream')
    const failed = (attempt: FailedAttempt) => noteFailure(request, exchange, attempt)
    const answering = exchange.run(routesOf(request, failed))
    request.exchange = exchange // from here on it has an ending
    const answer = await answering
    if (answer !== null) return reply.header('content-type', answer.type).send(answer.body)
    return reply.sent ? reply : reply.hijack()
  })
}

/** An attempt has failed, and another route is next. */
function noteFailure(
  request: FastifyRequest,
  { attemptMs }: Exchange,
  failed: FailedAttempt,
): void {
  noteAttempt(request, attemptMs, failed)
  request.seat?.failed(failed.error)
}

/** Gives the place on the route back, with what the last attempt tells of the route. */
function leaveSeat({ seat }: FastifyRequest, { isComplete, answered, error }: Relayed): void {
  if (isComplete) seat?.succeeded()
  else if (error && !answered) seat?.failed(error)
  seat?.leave()
}

function noteAttempt(
  { attempts, log, route }: FastifyRequest,
  elapsedMs: number,
  { status, error }: Pick<Relayed, 'status' | 'error'>,
): void {
  const { provider, baseUrl } = route.target
  const { upstreamModel } = route
  const durationMs = Math.round(elapsedMs)
  const errorCode = error?.code ?? null
  attempts.push({ provider, baseUrl, upstreamModel, status, errorCode, durationMs })
  warnOfRefusal(log, route.target, { status, error })
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The provider of the environment, or the sandbox. */
    upstream: UpstreamTarget
    /** The model names the upstream lists; empty where it lists none. */
    upstreamModels(): Promise<string[]>
    /**
     * Handler: sends the request to the upstream and relays the answer.
     * @throws ProxyError the failure, while nothing has been written to the client
     */
    forward(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply>
  }
  interface FastifyRequest {
    exchange: Exchange | null
    /** How the upstream's side ended; set before the client is told. */
    relayed: Relayed | null
  }
}

export default fp(provider, { name: 'provider', dependencies: ['buffers', 'credit', 'settlement'] })
