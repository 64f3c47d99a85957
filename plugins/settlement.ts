import { setTimeout as delay } from 'node:timers/promises'
import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  onRequestAsyncHookHandler,
  onResponseAsyncHookHandler,
  preHandlerAsyncHookHandler,
} from 'fastify'
import fp from 'fastify-plugin'
import { Door, type Held } from '../src/credit/door.ts'
import { recordOf, settlementOf } from '../src/credit/settlement.ts'
import { ProxyError } from '../src/errors.ts'
import { ifSet } from '../src/request/request-slot.ts'
import { NOTHING_RELAYED } from '../src/upstream/relay/relay.ts'

/** Milliseconds that clients get to read the event that ends their stream at a shutdown. */
const LAST_WORDS_MS = 1_000

type HeldRequest = Held & { request: FastifyRequest }

/**
 * Settlement: one door, that every held request goes through once. `onResponse` opens it after a
 * finished answer, `close` after a hang-up; Fastify has no hook that fires for both.
 */
async function settlement(app: FastifyInstance): Promise<void> {
  const door = new Door<HeldRequest>({
    journal: app.journal,
    settlements: app.database.settlements,
    trouble: (err, { id }) => app.log.error({ err, request_id: id }, 'a settlement is in trouble'),
  })
  let draining = false
  let drained = false

  function heldOf(request: FastifyRequest, reply: FastifyReply): HeldRequest {
    return {
      id: request.id,
      request,
      settlement: () => settlementOf(request, reply),
      abandon: async () => {
        request.exchange?.abandon()
        await request.exchange?.ended
        request.relayed ??= { ...NOTHING_RELAYED, outcome: 'client_gone', error: null }
      },
      settled: ({ record }, charge) => app.logSettled(request, record, charge),
    }
  }

  app.decorate('door', door)
  app.decorateRequest('hadHead', null)

  app.decorate('refuseWhileDraining', async (_request, reply) => {
    if (!draining) return
    reply.header('connection', 'close')
    throw new ProxyError('shutting_down')
  })

  app.decorate('drain', async (timeoutMs: number) => {
    draining = true
    const done = door.empty()
    await Promise.race([done, delay(timeoutMs, null, { ref: false })])
    drained = true
    for (const { request } of door.open()) request.exchange?.stop(cutOff())
    await Promise.race([done, delay(LAST_WORDS_MS, null, { ref: false })])
  })

  app.decorate('watchForHangUp', async (request, reply) => {
    door.enter(heldOf(request, reply))
    reply.raw.once('close', () => {
      if (reply.raw.writableFinished) return
      request.hadHead = reply.raw.headersSent
      void door.hangUp(request.id)
    })
    if (drained) throw new ProxyError('shutting_down') // its body or its hold took too long
    if (!reply.raw.closed) return
    await door.hangUp(request.id) // it left while its hold was being placed
    return reply.hijack()
  })

  /** Records a request that held nothing, as far as there is room: losing one loses no money. */
  app.decorate('recordUnheld', (request, reply) => {
    const account = ifSet(request, 'account')
    if (account === null) return
    const record = recordOf(request, reply)
    app.database.records.submit({ id: request.id, accountId: account.id, record }).catch((err) => {
      app.metrics.recordDropped()
      app.log.warn({ err, request_id: request.id }, 'a request could not be recorded')
    })
  })

  app.decorate('settle', async ({ id }) => door.leave(id))
}

/**
 * Not with the 503 of what is refused: a front proxy may send a 503 to another instance, and this
 * request has been executed (deploy/nginx.conf).
 */
function cutOff(): ProxyError {
  return new ProxyError('shutting_down', { status: 500 })
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Held requests that have not been settled. */
    door: Door<HeldRequest>
    /** Hook (onRequest). @throws ProxyError shutting_down */
    refuseWhileDraining: onRequestAsyncHookHandler
    /** Admits nothing more, lets what runs finish for so long, and ends the rest with an error. */
    drain(timeoutMs: number): Promise<void>
    /** Hook (preHandler, after holdCredits): from here on the hold ends in settlement. */
    watchForHangUp: preHandlerAsyncHookHandler
    recordUnheld(request: FastifyRequest, reply: FastifyReply): void
    /** Hook (onResponse). */
    settle: onResponseAsyncHookHandler
  }
  interface FastifyRequest {
    /** Whether its client was sent a head before it hung up; null where it did not. */
    hadHead: boolean | null
  }
}

export default fp(settlement, {
  name: 'settlement',
  dependencies: ['database', 'observability', 'credit', 'journal'],
})
