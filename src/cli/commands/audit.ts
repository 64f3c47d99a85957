import type { Command, Output } from '../command.ts'
import { CliError } from '../failure.ts'
import { table } from '../table.ts'

type Audit = {
  ok: boolean
  checked: number
  violations: { account_id: string; rule: string; detail: string }[]
}

export const audit: Command = {
  says: 'Checks that every balance is what the ledger says.',
  args: [],
  options: {},
  example: '',
  run: async ({ client }) => auditOutput(await client.get<Audit>('/audit')),
}

function auditOutput(audit: Audit): Output {
  const { ok, checked, violations } = audit
  const accounts = counted(checked, 'account')
  if (ok) return { json: audit, text: `The books add up: ${accounts} checked.` }
  const text = table(violations, {
    account: (violation) => violation.account_id,
    rule: (violation) => violation.rule,
    detail: (violation) => violation.detail,
  })
  const count = counted(violations.length, 'violation')
  const failure = new CliError(
    `The books do not add up, ${count} in ${accounts}: docs/ledger.md explains the rules.`,
  )
  return { json: audit, text, failure }
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
