import { formatCredits } from './credits.ts'

/** A rule of the ledger that is broken, and how. */
export type Violation = {
  accountId: string
  rule: AuditRule
  /** What the rule is about: the `seq` of a ledger entry, the id of a request, or a reference. */
  subject: string | null
  /** What the rule asks for and what is stored: micro-credits; entries in `seq_without_gap`. */
  expected: bigint
  /** Null is nothing. */
  found: bigint | null
}

/** The rules of the ledger, and what is wrong where one is broken. */
const DETAILS = {
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
  correction_is_recorded: ({ subject, found, expected }) =>
    `price correction ${subject}: the ledger moved ${credits(expected)}, its record ${credits(found)}`,
} satisfies Record<string, (violation: Violation) => string>

export type AuditRule = keyof typeof DETAILS

export const AUDIT_RULES = Object.keys(DETAILS) as AuditRule[]

/** What is wrong, for a person to read. */
export function detailOf(violation: Violation): string {
  return DETAILS[violation.rule](violation)
}

function credits(amount: bigint | null): string {
  return amount === null ? 'nothing' : formatCredits(amount)
}
