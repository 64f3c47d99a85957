import { join } from 'node:path'
import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  preHandlerAsyncHookHandler,
} from 'fastify'
import fp from 'fastify-plugin'
import { ProxyError } from '../src/errors.ts'
import { Journal } from '../src/journal/journal.ts'
import { replayJournals } from '../src/journal/replay.ts'
import { settlementOf } from '../src/settlement.ts'
import type { Settlement } from '../src/store/settle.ts'

/** Milliseconds between two signs of life in the journal. */
const BEAT_MS = 2_000

/**
 * The journal: what a request costs is on the local disk before its client is told that the
 * answer is complete. What a killed process left there is settled at the next start.
 */
async function journal(app: FastifyInstance, { dataDir }: { dataDir: string }): Promise<void> {
  const folder = join(dataDir, 'journal')
  const journal = new Journal(folder, app.database.instanceId())

  app.decorateRequest('settlement', null)
  app.decorate('seal', (request: FastifyRequest, reply: FastifyReply) => {
    if (request.settlement) return request.settlement
    const settlement = settlementOf(request, reply)
    request.settlement = settlement
    try {
      journal.append(settlement)
    } catch (err) {
      app.log.error({ err, request_id: request.id }, 'the journal can not be written')
    }
    return settlement
  })

  app.decorate('unseal', (id: string) => journal.settled(id))

  app.decorate('requireJournal', async () => {
    if (journal.healthy) return
    throw new ProxyError('ledger_unavailable', {
      cause: new Error('the journal can not be written'),
    })
  })

  const beat = () => {
    try {
      journal.beat(new Date())
    } catch (err) {
      app.log.error({ err }, 'the journal can not be written')
    }
  }
  const timer = setInterval(beat, BEAT_MS)

  app.addHook('onReady', async () => {
    replayJournals(folder, journal.name, (settlement) =>
      app.database.settlements.add(settlement),
    ).then(
      (records) =>
        records > 0 && app.log.warn({ records }, 'journals of earlier processes settled'),
      (err) => app.log.error({ err }, 'a journal could not be read'),
    )
  })
  app.addHook('onClose', async () => {
    clearInterval(timer)
    await app.database.settlements.idle()
    journal.close()
  })
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Fixes how a held request is settled, and writes it to the journal; once. */
    seal(request: FastifyRequest, reply: FastifyReply): Settlement
    /** Postgres has the settlement: the journal need not keep it. */
    unseal(id: string): void
    /** Hook (preHandler). @throws ProxyError ledger_unavailable while the journal is sick */
    requireJournal: preHandlerAsyncHookHandler
  }
  interface FastifyRequest {
    settlement: Settlement | null
  }
}

export default fp(journal, { name: 'journal', dependencies: ['database', 'credit'] })
