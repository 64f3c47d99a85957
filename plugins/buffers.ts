import type { FastifyInstance, FastifyReply, FastifyRequest, preParsingHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { BufferBudget, type BufferShare } from '../src/body/buffer-budget.ts'
import { readBody } from '../src/body/read-body.ts'
import { limitStall } from '../src/body/stalled-client.ts'
import { ProxyError } from '../src/errors.ts'
import { bodyOf, endpointOf } from '../src/request/endpoint-of.ts'
import { requestSlot } from '../src/request/request-slot.ts'
import { jsonWeight } from '../src/wire/json/json-memory.ts'
import { type MeteredRequest, withoutBody } from '../src/wire/requests/metered-request.ts'
import type { PromptText } from '../src/wire/requests/prompt.ts'

/** Bytes of prompts, one and all, that are kept to be counted while their answers stream. */
const PROMPT_BYTES_MAX = 1024 * 1024
const PROMPTS_BYTES_MAX = 64 * 1024 * 1024

/** What one account has of the budget at most, so that it leaves room for others. */
const ACCOUNT_SHARE = 0.75

/** Bytes a character takes in memory, at most. */
const CHARACTER_BYTES = 2

/** Bodies in memory: those of all requests share one budget, and go when they are not needed. */
async function buffers(app: FastifyInstance, { bytesMax }: { bytesMax: number }): Promise<void> {
  const setShare = requestSlot(app, 'buffered')
  const { bodyLimit = 0 } = app.initialConfig
  const budget = new BufferBudget(bytesMax, Math.max(bytesMax * ACCOUNT_SHARE, bodyLimit))
  const prompts = new BufferBudget(PROMPTS_BYTES_MAX)

  app.decorate('buffers', budget)
  app.decorateRequest('keptPrompt', undefined)

  app.addHook('onSend', (_request, reply, payload, done) => {
    limitStall(reply.raw)
    done(null, payload)
  })

  app.decorate('shareBuffers', (request, reply, payload, done) => {
    const share = budget.share(request.account.id)
    setShare(request, share)
    closeWhenOver(share, request, reply)
    done(null, payload)
  })

  app.decorate('readBody', async (request: FastifyRequest) => {
    const { bodyLimit } = request.routeOptions
    return readBody(request.raw, { limit: bodyLimit, share: request.buffered })
  })

  app.decorate('weighJson', (request, body) => {
    const weight = jsonWeight(body)
    if (weight > request.routeOptions.bodyLimit) {
      const message = 'The body has too many small values: more than fit into memory.'
      throw new ProxyError('request_too_large', { message })
    }
    request.buffered.take(weight - body.byteLength)
  })

  function keep(request: FastifyRequest, reply: FastifyReply): PromptText | null {
    const { bytes, binaryBytes } = bodyOf(request).prompt
    if (bytes - binaryBytes > PROMPT_BYTES_MAX) return null
    const prompt = endpointOf(request).promptText(bodyOf(request))
    const share = prompts.share()
    if (prompt === null || !share.fits(prompt.text.length * CHARACTER_BYTES)) return null
    closeWhenOver(share, request, reply)
    return prompt
  }

  app.decorate('forgetBody', (request, reply, mayBeCounted) => {
    request.keptPrompt = mayBeCounted ? keep(request, reply) : null
    request.body = withoutBody(bodyOf(request))
    request.buffered.release()
    return bodyOf(request)
  })

  app.decorate('promptText', (request) =>
    request.keptPrompt === undefined
      ? endpointOf(request).promptText(bodyOf(request))
      : request.keptPrompt,
  )
}

/** A client that leaves may leave an answer behind that is read on. */
function closeWhenOver(share: BufferShare, request: FastifyRequest, reply: FastifyReply): void {
  const close = async () => {
    await request.exchange?.ended
    share.close()
  }
  if (reply.raw.closed) void close()
  else reply.raw.once('close', close)
}

declare module 'fastify' {
  interface FastifyInstance {
    buffers: BufferBudget
    /** Hook (preParsing): gives a request its part of the budget, until it is over. */
    shareBuffers: preParsingHookHandler
    /**
     * The body of a request, decoded.
     * @throws ProxyError request_too_large, unsupported_content_encoding,
     * invalid_content_encoding, overloaded, bad_http, request_timeout
     */
    readBody(request: FastifyRequest): Promise<Buffer>
    /**
     * Takes the room of a JSON body that needs more than its bytes, before it is parsed.
     * @throws ProxyError request_too_large, overloaded
     */
    weighJson(request: FastifyRequest, body: Uint8Array): void
    /**
     * Lets the body of a request go when its answer begins: what is left of it is small.
     * @param mayBeCounted its prompt may have to be counted yet, and is kept where there is room
     */
    forgetBody(request: FastifyRequest, reply: FastifyReply, mayBeCounted: boolean): MeteredRequest
    /** The text of a prompt; null where it is not countable, or not in memory any more. */
    promptText(request: FastifyRequest): PromptText | null
  }
  interface FastifyRequest {
    /** What it has in memory. */
    readonly buffered: BufferShare
    /** The prompt of a request whose body was let go; null where it was not kept. */
    keptPrompt: PromptText | null | undefined
  }
}

export default fp(buffers, { name: 'buffers', dependencies: ['errors'] })
