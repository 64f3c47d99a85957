import { type Static, Type } from '@sinclair/typebox'
import { formatCredits } from '../../domain/credits.ts'
import { type AuditRule, auditLedger, type Violation } from '../../store/audit.ts'
import { AccountId, answer, Count } from '../answers.ts'
import { oneOf, strictObject } from './fields.ts'
import { formatId } from './ids.ts'
import type { AdminPlugin } from './type-provider.ts'

/** What is wrong, for a person to read. */
const DETAILS: Record<AuditRule, (violation: Violation) => string> = {
  posted_is_ledger_sum: ({ found, expected }) =>
    `posted is ${credits(found)}, the ledger sums up to ${credits(expected)}`,
  held_is_open_holds: ({ found, expected }) =>
    `held is ${credits(found)}, the open holds sum up to ${credits(expected)}`,
  available_not_negative: ({ found }) => `available is ${credits(found)}`,
  seq_without_gap: ({ subject, found, expected }) =>
    `seq is ${expected}, the ledger has ${found} entries up to ${subject}`,
  balance_after_chains: ({ subject, found, expected }) =>
    `entry ${subject}: balance_after is ${credits(found)} instead of ${credits(expected)}`,
  charge_is_recorded: ({ subject, found, expected }) =>
    `request ${subject}: the ledger took ${credits(expected)}, the record says ${credits(found)}`,
  record_is_charged: ({ subject, found, expected }) =>
    `request ${subject}: the record says ${credits(expected)}, the ledger took ${credits(found)}`,
}

const ViolationBody = Type.Object({
  account_id: AccountId,
  rule: oneOf(Object.keys(DETAILS) as AuditRule[]),
  detail: Type.String(),
})

const AuditBody = answer('Audit', 'Every balance against the ledger, the holds and the records.', {
  ok: Type.Boolean(),
  checked: Count,
  violations: Type.Array(ViolationBody, { description: 'The first 1,000.' }),
})

const schema = {
  summary: 'Check every balance',
  querystring: strictObject({}),
  answers: { 200: AuditBody },
}

/** `/admin/audit`: whether every balance is what the ledger says. */
export const auditRoutes: AdminPlugin = async (app) => {
  const { db } = app.database

  app.get('/audit', { schema }, async () => {
    const { checked, violations } = await auditLedger(db)
    return { ok: violations.length === 0, checked, violations: violations.map(violationBody) }
  })
}

function violationBody(violation: Violation): Static<typeof ViolationBody> {
  return {
    account_id: formatId('account', violation.accountId),
    rule: violation.rule,
    detail: DETAILS[violation.rule](violation),
  }
}

function credits(amount: bigint | null): string {
  return amount === null ? 'nothing' : formatCredits(amount)
}
