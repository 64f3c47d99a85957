import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { every, SYSTEM_CLOCK } from '../src/clock.ts'
import { AUDIT_PACE, Auditor, type AuditPace } from '../src/credit/auditor.ts'

/**
 * The audit that runs by itself: every account is looked at again and again, and one that moves
 * soon. An account whose balance is wrong is frozen and reported, and never repaired.
 */
async function audit(app: FastifyInstance, given: Partial<AuditPace>): Promise<void> {
  const { database, metrics } = app
  const pace = { ...AUDIT_PACE, ...given }
  const auditor = new Auditor({
    clock: SYSTEM_CLOCK,
    log: app.log,
    pace,
    step: (batch) => database.audit.submit(batch),
    looked: metrics.audited,
  })
  database.settlements.watch(({ accountId }) => auditor.moved(accountId))
  const failed = (err: unknown) => app.log.error({ err }, 'the audit failed')
  const stop = every(SYSTEM_CLOCK, pace.turnMs, () => auditor.turn(), failed)
  app.addHook('onClose', stop)
}

export default fp(audit, { name: 'audit', dependencies: ['database', 'metrics'] })
