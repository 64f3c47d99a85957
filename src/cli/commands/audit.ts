import type { Command, Output } from '../command.ts'
import { CliError } from '../failure.ts'
import { table } from '../table.ts'
import { type KeptViolation, violationLine } from './account.ts'

type Found = { account_id: string; rule: string; detail: string }

type Audit = {
  ok: boolean
  checked: number
  violations: Found[]
  background: { frozen: { account_id: string; status: string; violations: KeptViolation[] }[] }
}

/** Milliseconds an audit may take: just below those after which Node's `fetch` gives up. */
const TIMEOUT_MS = 290_000

export const audit: Command = {
  says: 'Checks that every balance is what the ledger says.',
  args: [],
  options: {},
  example: '',
  run: async ({ client }) => auditOutput(await client.get<Audit>('/audit', {}, TIMEOUT_MS)),
}

function auditOutput(audit: Audit): Output {
  const { ok, checked, violations, background } = audit
  const frozen = background.frozen.map(({ account_id, status, violations: kept }) =>
    [`${account_id} is ${status}:`, ...kept.map((one) => `  ${violationLine(one)}`)].join('\n'),
  )
  const found = ok
    ? `The books add up: ${counted(checked, 'account')} checked.`
    : tableOf(violations)
  const text = [found, ...frozen].join('\n')
  const failure = failureOf(audit)
  return { json: audit, text, ...(failure && { failure }) }
}

function failureOf({ ok, checked, violations, background }: Audit): CliError | null {
  const accounts = counted(checked, 'account')
  if (!ok) {
    const count = counted(violations.length, 'violation')
    return new CliError(
      `The books do not add up, ${count} in ${accounts}: docs/ledger.md explains the rules.`,
    )
  }
  if (background.frozen.length === 0) return null
  const count = counted(background.frozen.length, 'account')
  return new CliError(`${count} to look at: docs/operations.md says how to lift a freeze.`)
}

function tableOf(violations: Found[]): string {
  return table(violations, {
    account: (violation) => violation.account_id,
    rule: (violation) => violation.rule,
    detail: (violation) => violation.detail,
  })
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
