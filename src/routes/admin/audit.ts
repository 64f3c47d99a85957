import { type Static, Type } from '@sinclair/typebox'
import { ProxyError } from '../../errors.ts'
import { type AuditState, readAuditState } from '../../store/audit/audit-state.ts'
import { AccountId, answer, Count, Time } from '../answers.ts'
import { Status } from './account-body.ts'
import { nullable, strictObject } from './fields.ts'
import { formatId } from './ids.ts'
import type { AdminPlugin } from './type-provider.ts'
import { KeptViolationBody, keptBody, ViolationBody, violationBody } from './violation-body.ts'

const BackgroundBody = Type.Object(
  {
    last_pass_at: nullable(Time),
    accounts: Count,
    frozen: Type.Array(
      Type.Object({
        account_id: AccountId,
        status: Status,
        violations: Type.Array(KeptViolationBody),
      }),
      {
        description:
          'Accounts with violations that nobody has lifted. One that was not active is not frozen.',
      },
    ),
  },
  { description: 'What the audit that runs by itself knows: its last pass over all accounts.' },
)

const AuditBody = answer('Audit', 'Every balance against the ledger, the holds and the records.', {
  ok: Type.Boolean(),
  checked: Count,
  violations: Type.Array(ViolationBody, { description: 'The first 1,000.' }),
  background: BackgroundBody,
})

const schema = {
  summary: 'Check every balance',
  querystring: strictObject({}),
  answers: { 200: AuditBody },
}

/** `/admin/audit`: whether every balance is what the ledger says. */
export const auditRoutes: AdminPlugin = async (app) => {
  const { db, fullAudit } = app.database
  const closing = new AbortController()
  app.addHook('preClose', async () => closing.abort(new ProxyError('shutting_down')))

  app.get('/audit', { schema }, async (_, reply) => {
    const left = new AbortController()
    reply.raw.once('close', () => left.abort())
    const signal = AbortSignal.any([closing.signal, left.signal])
    const { checked, violations } = await fullAudit.run(signal)
    return {
      ok: violations.length === 0,
      checked,
      violations: violations.map(violationBody),
      background: backgroundBody(await readAuditState(db)),
    }
  })
}

function backgroundBody(state: AuditState): Static<typeof BackgroundBody> {
  const byAccount = Map.groupBy(state.kept, ({ accountId }) => accountId)
  return {
    last_pass_at: state.passedAt?.toISOString() ?? null,
    accounts: state.passedAccounts,
    frozen: [...byAccount].map(([id, kept]) => ({
      account_id: formatId('account', id),
      status: (kept[0] as (typeof kept)[0]).status,
      violations: kept.map(keptBody),
    })),
  }
}
