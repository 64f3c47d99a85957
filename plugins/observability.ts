import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { requestLine, settledLine } from '../src/log/log-line.ts'
import type { EndedRequest } from '../src/metrics/requests.ts'
import { clientRetries } from '../src/request/client-retries.ts'
import { ifSet } from '../src/request/request-slot.ts'
import { type Stage, Timeline } from '../src/request/timeline.ts'
import type { SettleAnswer } from '../src/store/lanes/settle.ts'
import type { Attempt, RequestRecord } from '../src/store/request-record.ts'
import { isMessagesPath } from '../src/wire/path.ts'

/** Levels at which stages are logged; at others nothing is looked up for them. */
const STAGE_LEVELS = ['debug', 'trace']

/** One canonical line a request, and its id on every answer. */
async function observability(app: FastifyInstance): Promise<void> {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
    if (isMessagesPath(request.url)) reply.header('request-id', request.id) // as Anthropic has it
    request.timeline = new Timeline((stage) => debugStage(request, stage))
    request.attempts = []
    reply.raw.once('close', () => {
      if (!request.isHeld) void endUnheld(request, reply)
    })
  })

  /** A request that holds nothing ends with its connection; one that does, in settlement. */
  async function endUnheld(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    await request.holding
    if (request.isHeld) return
    app.metrics.ended(logUnheld(request, reply))
    await request.lettingGo // a hold that was let go has its record
    app.recordUnheld(request, reply)
  }

  app.decorateRequest('timeline')
  app.decorateRequest('attempts')
  app.decorate('logSettled', (request, record, charge) => {
    const level = record.errorCode === null ? 'info' : 'warn'
    const retries = clientRetries(request.headers)
    request.log[level](
      settledLine(request.account.id, request.hold.amount, record, charge, retries),
      'request',
    )
    app.metrics.served(record)
  })
}

/** A line for each stage, for who looks that closely: what is known of the request by then. */
function debugStage(request: FastifyRequest, stage: Stage): void {
  if (!STAGE_LEVELS.includes(request.log.level)) return
  const target = ifSet(request, 'route')?.target
  const { model } = (request.body ?? {}) as { model?: string }
  request.log.debug(
    { stage, model, provider: target?.provider, base_url: target?.baseUrl },
    'stage',
  )
}

function logUnheld(request: FastifyRequest, reply: FastifyReply): EndedRequest {
  const { failure } = request
  const level = failure === null ? 'info' : failure.status >= 500 ? 'error' : 'warn'
  const facts = {
    account: ifSet(request, 'account'),
    endpoint: request.routeOptions.url ?? null,
    status: reply.raw.headersSent ? reply.raw.statusCode : 499,
    isWhole: reply.raw.writableFinished,
    replayOf: request.replayOf,
    durationMs: Math.round(reply.elapsedTime),
    clientRetries: clientRetries(request.headers),
    failure,
  }
  const line = requestLine(facts)
  request.log[level](line, 'request')
  return { ...facts, outcome: line.outcome }
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Writes the canonical line of a request that held credits, once it is settled. */
    logSettled(request: FastifyRequest, record: RequestRecord, charge: SettleAnswer): void
  }
  interface FastifyRequest {
    timeline: Timeline
    /** Each try at an upstream. */
    attempts: Attempt[]
  }
}

export default fp(observability, { name: 'observability', dependencies: ['errors'] })
