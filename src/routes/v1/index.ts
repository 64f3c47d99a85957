import type { FastifyInstance, FastifyRequest, preValidationHookHandler } from 'fastify'
import { ProxyError } from '../../errors.ts'
import { readChatRequest } from '../../wire/chat-request.ts'
import { isJson } from '../../wire/content-type.ts'
import { chatCompletions } from './chat-completions.ts'
import { credits } from './credits.ts'
import { generation } from './generation.ts'
import { models } from './models.ts'

/** The client API, under any prefix. Who is asking is known before the body is read. */
export async function v1(app: FastifyInstance): Promise<void> {
  app.addHook('onRequest', app.refuseWhileDraining)
  app.addHook('onRequest', app.authenticate)
  app.setNotFoundHandler(app.answerNotFound) // in here, so that it is known who asked
  await app.register(models)
  await app.register(credits)
  await app.register(generation)
  await app.register(metered)
}

/** Fastify parses nothing where a request has neither a content type nor a length. */
const requireBody: preValidationHookHandler = (request, _reply, done) => {
  done(request.body === undefined ? new ProxyError('invalid_json') : undefined)
}

/** What costs credits: nothing below can be reached without a hold, or left without settlement. */
async function metered(app: FastifyInstance): Promise<void> {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<Buffer>(
    '*',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => {
      if (!isJson(request.headers['content-type'])) throw new ProxyError('unsupported_media_type')
      return readChatRequest(body)
    },
  )
  app.addHook('preHandler', app.requireJournal)
  app.addHook('preValidation', requireBody)
  app.addHook('preHandler', app.enforceTier)
  app.addHook('preHandler', app.holdCredits)
  app.addHook('preHandler', app.watchForHangUp)
  app.addHook('onResponse', app.settle)
  await app.register(chatCompletions)
}
