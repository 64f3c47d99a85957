import { AUDIT_RULES } from '../domain/violation.ts'
import type { Look } from '../store/audit/audit-step.ts'
import type { Definer } from './definer.ts'

/** Counts what the background audit of this process looks at and finds. */
export function createAuditMetrics({ counter }: Definer) {
  const accounts = counter('audit_accounts_total', 'Looks of the background audit at an account.')
  const violations = counter('audit_violations_total', 'Violations the background audit found.', [
    'rule',
  ])
  for (const rule of AUDIT_RULES) violations.inc({ rule }, 0)

  return (looks: Look[]): void => {
    accounts.inc(looks.length)
    for (const { rule } of looks.flatMap((look) => look.violations)) violations.inc({ rule })
  }
}
