import type { FastifyReply, FastifyRequest } from 'fastify'
import { usageToCharge } from '../domain/ending.ts'
import { costOf, per1000Tokens, type Rate } from '../domain/prices/price.ts'
import { NO_USAGE } from '../domain/usage/usage.ts'
import { ifSet } from '../request/request-slot.ts'
import type { Settlement } from '../store/lanes/settle.ts'
import type { RecordedError, RequestRecord } from '../store/request-record.ts'
import { NOTHING_RELAYED, type Relayed } from '../upstream/relay/relay.ts'
import type { MeteredRequest } from '../wire/requests/metered-request.ts'

/** The nearest causes of an error that are recorded. */
const CAUSES_MAX = 5

/** The status of a request whose client left before any answer, as nginx counts it. */
const CLIENT_CLOSED_REQUEST = 499

/** How a held request that is over is settled: its record, and what the usage in it costs. */
export function settlementOf(request: FastifyRequest, reply: FastifyReply): Settlement {
  const record = recordOf(request, reply)
  const cost = record.usageSource === null ? 0n : costOf(record, request.route.rate)
  return { id: request.id, accountId: request.account.id, cost, record }
}

/** The record of an authenticated request that is over, whatever became of it. */
export function recordOf(request: FastifyRequest, reply: FastifyReply): RequestRecord {
  const relayed = relayedOf(request, reply)
  const body = request.body as MeteredRequest | undefined
  const charged = usageToCharge(relayed, body?.outputLimit ?? null)
  const { outcome, estimated, delivered, error, ttftMs } = relayed
  const { stage, stages } = request.timeline
  return {
    ...requestFacts(request),
    chunkCount: delivered.chunkCount,
    completionLength: delivered.completionLength,
    ...(charged?.usage ?? NO_USAGE),
    status: statusOf(request, reply, relayed),
    outcome,
    stage,
    stages,
    attempts: request.attempts,
    slices: ifSet(request, 'hold')?.slices ?? 0,
    errorCode: error?.code ?? null,
    error: error && recordError(error),
    ttftMs: ttftMs === null ? null : Math.round(ttftMs),
    durationMs: Math.round(reply.elapsedTime),
    usageSource: charged?.source ?? null,
    estimatedTokens: estimated.promptTokens + estimated.completionTokens,
  }
}

function requestFacts(request: FastifyRequest) {
  const route = ifSet(request, 'route')
  const body = request.body as MeteredRequest | undefined
  return {
    keyId: request.account.keyId,
    endpoint: request.routeOptions.url ?? request.url.split('?', 1)[0] ?? '',
    model: body?.model ?? null,
    provider: route?.target.provider ?? null,
    baseUrl: route?.target.baseUrl ?? null,
    upstreamModel: route?.upstreamModel ?? null,
    stream: body?.stream ?? false,
    priceId: route?.rate.priceId ?? null,
    markupPpm: route?.rate.markupPpm.toString() ?? null,
    fallbackRate: route ? fallbackOf(route.rate) : null,
  }
}

/** What the record of a request without a price tells of its rate; null for any other. */
function fallbackOf({ priceId, input }: Rate): string | null {
  return priceId === null ? per1000Tokens(input).toString() : null
}

/** How the upstream's side ended; a request that never got there was refused, free, or left. */
function relayedOf({ relayed, failure }: FastifyRequest, { raw }: FastifyReply): Relayed {
  if (relayed) return relayed
  const outcome = failure ? 'refused' : raw.writableFinished ? 'completed' : 'client_gone'
  return { ...NOTHING_RELAYED, outcome, error: failure }
}

/** The status the client gets, also where it is not on its way yet; or got, before it left. */
function statusOf(request: FastifyRequest, { raw }: FastifyReply, relayed: Relayed): number {
  const { failure, hadHead } = request
  const isSent = (hadHead ?? raw.headersSent) || relayed.outcome === 'completed'
  if (isSent) return raw.statusCode
  if (relayed.outcome === 'client_gone') return CLIENT_CLOSED_REQUEST
  return relayed.error?.status ?? failure?.status ?? CLIENT_CLOSED_REQUEST
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
