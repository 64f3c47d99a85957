import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { UpstreamTimeouts } from '../src/config.ts'
import { Meter } from '../src/domain/meter.ts'
import type { EstimationMethod } from '../src/domain/usage.ts'
import { createEstimator } from '../src/estimator.ts'
import type { Attempt } from '../src/store/request-record.ts'
import type { AddressGuard } from '../src/upstream/address-guard.ts'
import { Exchange } from '../src/upstream/exchange.ts'
import { createModelLister } from '../src/upstream/list-models.ts'
import { UpstreamPools } from '../src/upstream/pools.ts'
import type { Relayed } from '../src/upstream/relay.ts'
import { upstreamHeaders } from '../src/upstream/request-headers.ts'
import type { UpstreamTarget } from '../src/upstream/target.ts'
import { type ChatRequest, upstreamBody } from '../src/wire/chat-request.ts'

type ProviderOptions = {
  /** The upstream of the environment, or the sandbox. */
  environment: UpstreamTarget
  guard: AddressGuard
  timeouts: UpstreamTimeouts
  commitMs: number
  estimation: EstimationMethod
}

/** The upstream: forwards a held request, and relays its answer as it comes. */
async function provider(app: FastifyInstance, options: ProviderOptions): Promise<void> {
  const { environment } = options
  const pools = new UpstreamPools(options.timeouts, options.guard)
  app.addHook('onClose', () => pools.close())

  function exchangeFor(request: FastifyRequest, reply: FastifyReply): Exchange {
    const { model, stream, wantsUsage } = request.body as ChatRequest
    const { hold, route } = request
    const meter = new Meter({ ...hold.plan, rate: route.rate, amount: hold.amount })
    return new Exchange({
      response: reply.raw,
      stream,
      wantsUsage,
      alias: route.upstreamModel === model ? null : model,
      keepText: options.estimation === 'tokenizer',
      commitMs: options.commitMs,
      meter,
      extend: (amount) => extend(request, meter, amount),
      estimate: createEstimator(request.body as ChatRequest, options.estimation, app.tokenizer),
      answering: () => request.timeline.enter('answer'),
      takeOver: () => streamHeaders(reply.hijack()),
      ended: (relayed) => {
        request.relayed = relayed
        request.attempts.push(attemptOf(request, relayed))
        if (relayed.outcome === 'completed') request.timeline.enter('ended')
        app.seal(request, reply) // before the bytes that tell the client that it is over
      },
    })
  }

  app.decorateRequest('relayed', null)
  app.decorateRequest('exchange', null)
  app.decorate('upstream', environment)
  app.decorate(
    'upstreamModels',
    createModelLister(environment, () => pools.of(environment)),
  )
  app.decorate('forward', async (request: FastifyRequest, reply: FastifyReply, path: string) => {
    const body = request.body as ChatRequest
    const { target, upstreamModel } = request.route
    const exchange = exchangeFor(request, reply)
    request.exchange = exchange
    request.timeline.enter('upstream')
    const answer = await exchange.run(pools.of(target), {
      path: target.pathOf(path),
      headers: upstreamHeaders({
        client: request.headers,
        apiKey: target.apiKey,
        authHeader: target.profile.authHeader,
        stream: body.stream,
        requestId: request.id,
      }),
      body: upstreamBody(body, {
        upstreamModel,
        outputLimit: request.hold.outputLimit,
        profile: target.profile,
      }),
    })
    if (answer instanceof Buffer) {
      return reply.header('content-type', 'application/json; charset=utf-8').send(answer)
    }
    return reply.sent ? reply : reply.hijack()
  })
}

/**
 * Lets the hold grow; where the ledger has no more, a prompt that was only bounded is counted.
 * @returns the hold's amount; null where it stays
 */
async function extend(
  request: FastifyRequest,
  meter: Meter,
  amount: bigint,
): Promise<bigint | null> {
  const { hold, account, server } = request
  const held = await server.database.extend.submit({
    id: request.id,
    accountId: account.id,
    amount,
  })
  if (held > hold.amount) {
    hold.amount = held
    hold.slices += 1
    return held
  }
  if (hold.isExact) return null
  hold.isExact = true
  const counted = await server.countPrompt(request)
  if (counted === null || counted >= hold.plan.promptTokens) return null
  meter.promptCounted(counted)
  return hold.amount
}

function attemptOf({ route, timeline }: FastifyRequest, relayed: Relayed): Attempt {
  const { provider, baseUrl } = route.target
  const { status, error } = relayed
  const durationMs = timeline.elapsed('upstream')
  return { provider, baseUrl, status, errorCode: error?.code ?? null, durationMs }
}

/** The head of an event stream (W-50), after what earlier hooks have set. */
function streamHeaders(reply: FastifyReply): Record<string, string> {
  return {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  }
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The provider of the environment, or the sandbox. */
    upstream: UpstreamTarget
    /** The model names the upstream lists; empty where it lists none. */
    upstreamModels(): Promise<string[]>
    /**
     * Handler: sends the request to an endpoint of the upstream and relays the answer.
     * @throws ProxyError the failure, while nothing has been written to the client
     */
    forward(request: FastifyRequest, reply: FastifyReply, path: string): Promise<FastifyReply>
  }
  interface FastifyRequest {
    exchange: Exchange | null
    /** How the upstream's side ended; set before the client is told. */
    relayed: Relayed | null
  }
}

export default fp(provider, { name: 'provider', dependencies: ['credit', 'journal'] })
