import type { Period } from './ledger-limits.ts'

/** What the model of the ledger is made of; micro-credits, and microseconds since 1970. */
export type Entry = {
  seq: bigint
  kind: string
  amount: bigint
  balanceAfter: bigint
  request: string | null
  at: bigint
}
export type Account = { active: boolean; posted: bigint; entries: Entry[] }
export type Hold = {
  account: string
  key: string
  amount: bigint
  tokens: bigint | null
  accountTpm: bigint | null
  keyTpm: bigint | null
}
export type Ended = {
  account: string
  key: string
  hold: bigint
  charged: bigint
  uncollected: bigint
  crashed: boolean
}
export type Spend = { limit: bigint; period: Period; since: bigint | null; spent: bigint }

export type Key = { account: string; spend: Spend | null }
