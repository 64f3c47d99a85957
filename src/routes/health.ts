import { sql } from 'drizzle-orm'
import type { FastifyInstance } from 'fastify'
import { ProxyError } from '../errors.ts'

/** Milliseconds Postgres may take to show that it is there. */
const READY_TIMEOUT_MS = 1_000

/** GET /healthz: the process answers. GET /readyz: it can also admit requests. No key needed. */
export async function health(app: FastifyInstance): Promise<void> {
  app.get('/healthz', async () => ({ status: 'ok' }))

  app.get('/readyz', async () => {
    const late = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error('Postgres did not answer')), READY_TIMEOUT_MS).unref()
    })
    try {
      await Promise.race([app.database.db.execute(sql`select 1`), late])
    } catch (cause) {
      throw new ProxyError('ledger_unavailable', { cause })
    }
    return { status: 'ready' }
  })
}
