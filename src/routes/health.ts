import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import { ProxyError } from '../errors.ts'
import { ping } from '../store/ping.ts'
import { timely } from '../store/timely.ts'

/** Milliseconds Postgres may take to show that it is there. */
const READY_TIMEOUT_MS = 1_000

const healthSchema = {
  summary: 'The process answers',
  answers: { 200: Type.Object({ status: Type.Literal('ok') }, { description: 'It does.' }) },
}
const readySchema = {
  summary: 'The process reaches Postgres and its journal, and can admit requests',
  answers: { 200: Type.Object({ status: Type.Literal('ready') }, { description: 'It does.' }) },
}

/** GET /healthz: the process answers. GET /readyz: it can also admit requests. No key needed. */
export async function health(app: FastifyInstance): Promise<void> {
  app.get('/healthz', { schema: healthSchema }, async () => ({ status: 'ok' }))

  const conditions = { onRequest: app.refuseWhileDraining, preHandler: app.requireJournal }
  app.get('/readyz', { schema: readySchema, ...conditions }, async () => {
    try {
      await timely(ping(app.database.db), READY_TIMEOUT_MS)
    } catch (cause) {
      throw new ProxyError('ledger_unavailable', { cause })
    }
    return { status: 'ready' }
  })
}
