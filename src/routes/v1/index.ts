import type { FastifyInstance } from 'fastify'
import { credits } from './credits.ts'
import { generation } from './generation.ts'
import { metered } from './metered.ts'
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
