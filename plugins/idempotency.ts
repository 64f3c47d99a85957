import { setImmediate as nextTurn } from 'node:timers/promises'
import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  preHandlerAsyncHookHandler,
} from 'fastify'
import fp from 'fastify-plugin'
import { BufferBudget } from '../src/body/buffer-budget.ts'
import { every, SYSTEM_CLOCK } from '../src/clock.ts'
import { ProxyError } from '../src/errors.ts'
import { type AnswerBox, createAnswerBox } from '../src/idempotency/answer-box.ts'
import { Capture } from '../src/idempotency/capture.ts'
import { followAnswer } from '../src/idempotency/follow-answer.ts'
import { createIdempotencyHasher } from '../src/idempotency/hasher.ts'
import { readIdempotencyKey } from '../src/idempotency/header.ts'
import { Keeper } from '../src/idempotency/keeper.ts'
import { deleteExpired, disownForgotten, readAnswer } from '../src/store/idempotency-answers.ts'
import type { Claim } from '../src/store/lanes/idempotency.ts'
import { timely } from '../src/store/timely.ts'

/** Bytes of answers this process copies at a time, to keep them; others are not kept. */
const COPIES_BYTES_MAX = 128 * 1024 * 1024

/** Milliseconds a kept answer may take to be read from Postgres. */
const READ_TIMEOUT_MS = 2_000

/** Milliseconds between two looks for what has expired, and for what was forgotten. */
const TIDY_MS = 60_000

/**
 * Idempotency-Key: a request that is sent again under its key is not run again. While the first
 * one runs the others are told to wait; its answer, once complete, is theirs too.
 */
async function idempotency(
  app: FastifyInstance,
  { secretKeys }: { secretKeys: string[] },
): Promise<void> {
  const hasher = createIdempotencyHasher(secretKeys)
  const box = createAnswerBox(secretKeys)
  const keeper = createKeeper(app, box)
  const replay = createReplay(app, box)
  const follow = createFollow(keeper)

  async function claimKey(request: FastifyRequest, reply: FastifyReply, claim: Claim) {
    request.timeline.enter('claim')
    keeper.begin(claim.id)
    const { claims } = app.database
    const claiming = request.patience.spend((withinMs) => claims.submit(claim, withinMs))
    const answer = await claiming.catch((error) => {
      follow(request, reply, claim) // it may be claimed, and the answer lost
      throw error
    })
    if (answer.outcome === 'claimed') {
      follow(request, reply, claim)
      app.metrics.idempotent('claimed')
      return reply.raw.closed ? reply.hijack() : undefined // it left, and nobody runs it
    }
    keeper.forget(claim.id)
    if (answer.outcome === 'done') return replay(request, reply, answer.original)
    app.metrics.idempotent(answer.outcome)
    if (answer.outcome === 'reused') throw new ProxyError('idempotency_key_reused')
    const cause = new Error(`request ${answer.original} has the key`)
    throw new ProxyError('idempotency_key_in_use', { cause })
  }

  app.decorateRequest('idempotency', null)
  app.decorateRequest('replayOf', null)

  app.decorate('readIdempotencyKey', (request, body) => {
    const key = readIdempotencyKey(request.raw)
    if (key === null) return
    const endpoint = request.routeOptions.url ?? request.url
    const contentType = request.headers['content-type'] ?? ''
    request.idempotency = {
      key: hasher.key(request.account.id, key),
      fingerprint: hasher.fingerprint({ endpoint, contentType, body }),
    }
  })

  app.decorate('claimIdempotencyKey', async (request, reply) => {
    const { id, account, idempotency } = request
    if (idempotency === null) return
    return claimKey(request, reply, { id, accountId: account.id, ...idempotency })
  })
}

/** The claims of this process, tidied every minute, and concluded before it ends. */
function createKeeper(app: FastifyInstance, box: AnswerBox): Keeper {
  const { db, answers, instanceId } = app.database
  const keeper = new Keeper({
    box,
    submit: (conclusion) => answers.submit(conclusion),
    trouble: (err, { id }) => app.log.warn({ err, request_id: id }, 'an answer waits to be kept'),
  })
  const tidy = async () => {
    await disownForgotten(db, instanceId(), keeper.known())
    await deleteExpired(db)
  }
  const stop = every(SYSTEM_CLOCK, TIDY_MS, tidy, (err) =>
    app.log.warn({ err }, 'idempotency keys could not be tidied'),
  )
  app.addHook('onClose', async () => {
    await stop()
    await keeper.close()
  })
  return keeper
}

/** Copies the answer of a request that has a key, and hands it to the keeper when it is over. */
function createFollow(keeper: Keeper) {
  const copies = new BufferBudget(COPIES_BYTES_MAX)
  return (request: FastifyRequest, reply: FastifyReply, claim: Claim): void =>
    followAnswer({
      response: reply.raw,
      claim,
      capture: new Capture(copies.share()),
      isCompleted: () => request.relayed?.isComplete === true,
      abandoned: async () => {
        await request.holding
        if (reply.raw.writableFinished) return
        request.exchange?.abandon()
        await request.exchange?.ended
        await nextTurn() // what was read on in one piece has been handed over by then
      },
      ended: (ended) => keeper.conclude(ended),
    })
}

/**
 * Sends a kept answer. No hold, no charge.
 * @throws ProxyError idempotency_answer_gone, ledger_unavailable, overloaded
 */
function createReplay(app: FastifyInstance, box: AnswerBox) {
  return async (request: FastifyRequest, reply: FastifyReply, original: string) => {
    request.timeline.enter('replay')
    const stored = await timely(readAnswer(app.database.db, original), READ_TIMEOUT_MS)
    const body = stored && (await box.open(stored.body, original))
    if (reply.raw.closed) return reply.hijack()
    if (body === null || stored === null) {
      app.metrics.idempotent('gone')
      throw answerGone(original)
    }
    request.buffered.release() // what was asked is known
    request.buffered.take(body.length)
    request.replayOf = original
    app.metrics.idempotent('replayed')
    reply.code(stored.status).headers(stored.headers).header('x-tollkeeper-replay-of', original)
    return reply.send(body)
  }
}

function answerGone(original: string): ProxyError {
  const message = `The request with this Idempotency-Key has run as ${original}, and its answer is not kept. A new key runs it again.`
  return new ProxyError('idempotency_answer_gone', { message })
}

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Reads the header of a request, when its body is there. Without the header it does nothing.
     * @throws ProxyError invalid_value, which names the header
     */
    readIdempotencyKey(request: FastifyRequest, body: Uint8Array): void
    /**
     * Hook (preHandler, before holdCredits): lets a request with a key run once.
     * @throws ProxyError idempotency_key_in_use, idempotency_key_reused, idempotency_answer_gone
     */
    claimIdempotencyKey: preHandlerAsyncHookHandler
  }
  interface FastifyRequest {
    /** The hashes of its Idempotency-Key and of what it asks; null without the header. */
    idempotency: Pick<Claim, 'key' | 'fingerprint'> | null
    /** The request whose answer it was sent. */
    replayOf: string | null
  }
}

export default fp(idempotency, {
  name: 'idempotency',
  dependencies: ['buffers', 'database', 'tier'],
})
