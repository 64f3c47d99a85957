import type { FastifyReply, FastifyRequest } from 'fastify'
import { usageToCharge } from './domain/ending.ts'
import { costOf } from './domain/price.ts'
import type { RecordedError, RequestRecord } from './store/request-record.ts'
import type { Settlement } from './store/settle.ts'
import { NOTHING_RELAYED, type Relayed } from './upstream/relay.ts'
import type { ChatRequest } from './wire/chat-request.ts'

/** The nearest causes of an error that are recorded. */
const CAUSES_MAX = 5

/** The status of a request whose client left before any answer, as nginx counts it. */
const CLIENT_CLOSED_REQUEST = 499

const NO_USAGE = { promptTokens: 0, cachedTokens: 0, completionTokens: 0, reasoningTokens: 0 }

/** How a held request that is over is settled: its cost, and its record. */
export function settlementOf(request: FastifyRequest, reply: FastifyReply): Settlement {
  const relayed = request.relayed ?? endedBeforeUpstream(request)
  const charged = usageToCharge(relayed)
  const usage = charged?.usage ?? NO_USAGE
  const { estimated, delivered, error } = relayed
  const record: RequestRecord = {
    ...usage,
    ...delivered,
    ...requestFacts(request),
    status: statusOf(request, reply),
    outcome: relayed.outcome,
    errorCode: error?.code ?? null,
    error: error && recordError(error),
    ttftMs: relayed.ttftMs === null ? null : Math.round(relayed.ttftMs),
    durationMs: Math.round(reply.elapsedTime),
    usageSource: charged?.source ?? null,
    estimatedTokens: estimated.promptTokens + estimated.completionTokens,
  }
  const cost = charged === null ? 0n : costOf(usage, request.route.rate)
  return { id: request.id, accountId: request.account.id, cost, record }
}

function requestFacts(request: FastifyRequest) {
  const { account, route } = request
  const { model, stream } = request.body as ChatRequest
  return {
    keyId: account.keyId,
    endpoint: request.routeOptions.url ?? request.url,
    model,
    provider: route.target.provider,
    baseUrl: route.target.baseUrl,
    upstreamModel: route.upstreamModel,
    stream,
    priceId: route.rate.priceId,
  }
}

/** Held, but never sent: the client left first, or something of ours failed. */
function endedBeforeUpstream({ failure }: FastifyRequest): Relayed {
  return { ...NOTHING_RELAYED, outcome: failure ? 'refused' : 'client_gone', error: failure }
}

function statusOf({ failure }: FastifyRequest, { raw }: FastifyReply): number {
  return raw.headersSent ? raw.statusCode : (failure?.status ?? CLIENT_CLOSED_REQUEST)
}

/** An error as it is kept: its message, stack and causes, and nothing of the request. */
export function recordError(error: Error): RecordedError {
  const causes: string[] = []
  for (let cause = error.cause; cause instanceof Error && causes.length < CAUSES_MAX; ) {
    const { code } = cause as { code?: unknown }
    causes.push(typeof code === 'string' ? `${code}: ${cause.message}` : cause.message)
    cause = cause.cause
  }
  const deepest = error.cause instanceof Error ? error.cause : error
  return { message: error.message, stack: deepest.stack ?? null, causes }
}
