import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { UpstreamTimeouts } from '../src/config.ts'
import { Meter } from '../src/domain/meter.ts'
import type { EstimationMethod } from '../src/domain/usage.ts'
import { bodyOf, endpointOf } from '../src/endpoint-of.ts'
import type { ProxyError } from '../src/errors.ts'
import { createEstimator } from '../src/estimator.ts'
import type { Attempt } from '../src/store/request-record.ts'
import type { AddressGuard } from '../src/upstream/address-guard.ts'
import { Exchange, type UpstreamRequest } from '../src/upstream/exchange.ts'
import { createModelLister } from '../src/upstream/list-models.ts'
import { UpstreamPools } from '../src/upstream/pools.ts'
import type { Relayed } from '../src/upstream/relay.ts'
import { clientPatience, upstreamHeaders } from '../src/upstream/request-headers.ts'
import { StreamOptionsMemory } from '../src/upstream/stream-options-memory.ts'
import type { UpstreamTarget } from '../src/upstream/target.ts'

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
  const memory = new StreamOptionsMemory()
  const attemptAt = createAttempts(pools, memory, options.timeouts)
  app.addHook('onClose', () => pools.close())

  function exchangeFor(request: FastifyRequest, reply: FastifyReply): Exchange {
    const endpoint = endpointOf(request)
    const { hold, route, buffered } = request
    const { model, stream, prompt } = bodyOf(request)
    const mayBeCounted = options.estimation === 'tokenizer' || (stream && !hold.isExact)
    const attempted = ({ status, error }: Pick<Relayed, 'status' | 'error'>) =>
      request.attempts.push(attemptOf(request, exchange.attemptMs, status, error))
    const meter = new Meter({ ...hold.plan, rate: route.rate, amount: hold.amount })
    const exchange = new Exchange({
      response: reply.raw,
      endpoint,
      request: bodyOf(request),
      alias: route.upstreamModel === model ? null : model,
      origin: { id: request.id, created: Math.floor(Date.now() / 1_000), model },
      reasoningTokens: route.target.profile.reasoningTokens,
      keepText: options.estimation === 'tokenizer',
      commitMs: options.commitMs,
      meter,
      extend: (amount) => extend(request, meter, amount),
      estimate: createEstimator(
        prompt,
        () => app.promptText(request),
        options.estimation,
        app.tokenizer,
      ),
      buffered,
      answering: () => request.timeline.enter('answer'),
      forgetBody: () => app.forgetBody(request, reply, mayBeCounted),
      retrying: attempted,
      takeOver: () => reply.hijack().getHeaders() as Record<string, string>,
      ended: (relayed) => {
        request.relayed = relayed
        attempted(relayed)
        if (relayed.outcome === 'completed') request.timeline.enter('ended')
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
    request.exchange = exchange
    request.timeline.enter('upstream')
    const answer = await exchange.run(() => attemptAt(request))
    if (answer !== null) return reply.header('content-type', answer.type).send(answer.body)
    return reply.sent ? reply : reply.hijack()
  })
}

/** Makes the upstream's request of a client's, for each attempt anew. */
function createAttempts(
  pools: UpstreamPools,
  memory: StreamOptionsMemory,
  { firstByteMs }: UpstreamTimeouts,
) {
  return (request: FastifyRequest): UpstreamRequest => {
    const endpoint = endpointOf(request)
    const { target, upstreamModel } = request.route
    const { stream } = bodyOf(request)
    const profile = memory.profileFor(target, upstreamModel)
    const patienceMs = clientPatience(request.headers) ?? firstByteMs
    return {
      pool: pools.of(target),
      path: target.pathOf(endpoint.path),
      headers: upstreamHeaders(request, endpoint, stream, target),
      body: endpoint.upstreamBody(bodyOf(request), {
        upstreamModel,
        outputLimit: request.hold.outputLimit,
        profile,
      }),
      firstByteMs: Math.min(patienceMs, firstByteMs),
      reconsider: (status, refusal) =>
        stream &&
        profile.streamOptions === 'auto' &&
        memory.learn(target, upstreamModel, status, refusal),
    }
  }
}

/**
 * Lets the hold grow; where the ledger has no more, a prompt that was only bounded is counted.
 * @returns the hold's amount; null where it stays
 * @throws Error where the ledger can not be asked, or others have ended the hold; then the stream
 * goes on
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
  if (held === null) throw new Error('others have ended the hold: this will be a late result')
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

function attemptOf(
  { route }: FastifyRequest,
  elapsedMs: number,
  status: number | null,
  error: ProxyError | null,
): Attempt {
  const { provider, baseUrl } = route.target
  const durationMs = Math.round(elapsedMs)
  return { provider, baseUrl, status, errorCode: error?.code ?? null, durationMs }
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
