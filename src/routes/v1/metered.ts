import { Type } from '@sinclair/typebox'
import type { FastifyInstance, FastifyRequest, preValidationHookHandler } from 'fastify'
import { ENDPOINTS } from '../../endpoints/index.ts'
import { ProxyError } from '../../errors.ts'
import { endpointOf } from '../../request/endpoint-of.ts'
import { isSentAs } from '../../wire/content-type.ts'
import { REFERENCE } from './reference.ts'

const Headers = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 255,
      description: 'Printable ASCII. Sent again with the same body, the answer is the same.',
    }),
  ),
})

/** Fastify parses nothing where a request has neither a content type nor a length. */
const requireBody: preValidationHookHandler = (request, _reply, done) => {
  done(request.body === undefined ? new ProxyError('invalid_json') : undefined)
}

/**
 * What costs credits: no endpoint can be reached without a hold, or left without settlement,
 * since all of them are the same route.
 */
export async function metered(app: FastifyInstance): Promise<void> {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', async (request: FastifyRequest) => {
    const endpoint = endpointOf(request)
    const type = request.headers['content-type']
    const body = await app.readBody(request)
    app.readIdempotencyKey(request, body)
    if (!isSentAs(endpoint.takes, type)) {
      const message = `Send the body as ${endpoint.takes}.`
      throw new ProxyError('unsupported_media_type', { message })
    }
    if (endpoint.takes === 'application/json') app.weighJson(request, body)
    return endpoint.read(body, type ?? '')
  })
  app.addHook('preParsing', app.shareBuffers)
  app.addHook('preHandler', app.requireJournal)
  app.addHook('preValidation', requireBody)
  app.addHook('preHandler', app.enforceTier)
  app.addHook('preHandler', app.claimIdempotencyKey)
  app.addHook('preHandler', app.holdCredits)
  app.addHook('preHandler', app.watchForHangUp)
  app.addHook('onResponse', app.settle)

  const bodyLimit = app.initialConfig.bodyLimit as number
  for (const endpoint of ENDPOINTS) {
    const { path, bodyBytesMax = bodyLimit } = endpoint
    app.post(
      path,
      {
        config: { endpoint },
        schema: { ...REFERENCE[path], heeds: Headers },
        bodyLimit: Math.min(bodyLimit, bodyBytesMax),
      },
      app.forward,
    )
  }
}
