import { type Static, Type } from '@sinclair/typebox'
import { AUDIT_RULES, detailOf, type Violation } from '../../domain/violation.ts'
import type { KeptViolation } from '../../store/audit/audit-state.ts'
import { AccountId, Time } from '../answers.ts'
import { oneOf } from './fields.ts'
import { formatId } from './ids.ts'

const WHAT = { rule: oneOf(AUDIT_RULES), detail: Type.String() }

export const ViolationBody = Type.Object({ account_id: AccountId, ...WHAT })

export const KeptViolationBody = Type.Object({ ...WHAT, found_at: Time })

/** What one look at everything found. */
export function violationBody(violation: Violation): Static<typeof ViolationBody> {
  return { account_id: formatId('account', violation.accountId), ...whatOf(violation) }
}

/** What the background audit keeps of an account. */
export function keptBody(violation: KeptViolation): Static<typeof KeptViolationBody> {
  return { ...whatOf(violation), found_at: violation.foundAt.toISOString() }
}

function whatOf(violation: Violation) {
  return { rule: violation.rule, detail: detailOf(violation) }
}
