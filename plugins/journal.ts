import { join } from 'node:path'
import type { FastifyInstance, preHandlerAsyncHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { every, SYSTEM_CLOCK } from '../src/clock.ts'
import { ProxyError } from '../src/errors.ts'
import { Heir } from '../src/journal/heir.ts'
import { Journal } from '../src/journal/journal.ts'
import { startStep } from '../src/start-step.ts'
import type { Settlement } from '../src/store/lanes/settle.ts'

/** Milliseconds between two signs of life in the journal. */
const BEAT_MS = 2_000

/**
 * The journal: what a request costs is on the local disk before its client is told that the
 * answer is complete. What a killed process left there is settled by the next one in its folder.
 */
async function journal(app: FastifyInstance, { dataDir }: { dataDir: string }): Promise<void> {
  const { settlements, owner } = app.database
  const journal = await startStep(
    'The journal in DATA_DIR can not be written',
    () => new Journal(join(dataDir, 'journal'), `${process.pid}-${owner.id}`),
  )
  const sick = (err: unknown) => app.log.error({ err }, 'the journal can not be written')
  const unreadable = (err: unknown) => app.log.error({ err }, 'a journal could not be taken over')
  const heir = new Heir({
    journal,
    settle: (settlement) => settlements.add(settlement),
    trouble: unreadable,
    damaged: (damage) =>
      app.log.error(damage, 'a journal has lines that can not be read, and is kept'),
  })

  app.decorate('journal', journal)

  app.decorate('setAside', (settlement, err) => {
    app.log.error({ err, request_id: settlement.id }, 'Postgres refuses a settlement: set aside')
    journal.setAside(settlement, reasonOf(err), new Date())
    app.metrics.settlementRefused()
  })

  app.decorate('inheritJournals', () => heir.look().then(report, unreadable))

  app.decorate('requireJournal', async () => {
    if (journal.healthy) return
    throw new ProxyError('ledger_unavailable', {
      cause: new Error('the journal can not be written'),
    })
  })

  function report(records: number): void {
    if (records > 0) app.log.warn({ records }, 'journals of processes that are gone were settled')
  }

  const stop = every(SYSTEM_CLOCK, BEAT_MS, async () => journal.beat(new Date()), sick)
  app.addHook('onReady', async () => void heir.begin().then(report, unreadable))
  app.addHook('onClose', async () => {
    await stop()
    await Promise.all([heir.stop(), settlements.idle()])
    journal.close()
  })
}

/** What the database said of it. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error
  return cause instanceof Error ? cause.message : message
}

declare module 'fastify' {
  interface FastifyInstance {
    journal: Journal
    /** Keeps a settlement that Postgres refuses for the operator. @throws Error of the disk */
    setAside(settlement: Settlement, error: unknown): void
    /** Settles what processes that are gone left in our folder. */
    inheritJournals(): Promise<void>
    /** Hook (preHandler). @throws ProxyError ledger_unavailable while the journal is sick */
    requireJournal: preHandlerAsyncHookHandler
  }
}

export default fp(journal, { name: 'journal', dependencies: ['database', 'credit'] })
