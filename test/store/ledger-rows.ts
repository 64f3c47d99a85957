/** The versions of the functions, which servers of two versions call side by side. */
export type Version = 1 | 2 | 3
export type SettleVersion = Version
export type ExtendVersion = Version | 4

/** What a row is limited by; what is left out is no limit. */
export type Limits = {
  accountRpm?: bigint
  keyRpm?: bigint
  accountTpm?: bigint
  keyTpm?: bigint
  accountConcurrency?: bigint
  keyConcurrency?: bigint
}

export type HoldRow = {
  id: string
  account: string
  amount: bigint
  minimum: bigint
  /** Left out, some key without limits. */
  key?: string
  /** What it draws from limits of tokens a minute. */
  tokens?: bigint
  limits?: Limits
  /** Its key has a spending limit. */
  capped?: boolean
}

export type ReserveAnswer = {
  outcome: string
  granted: bigint
  waitMs: bigint
  remaining: bigint | null
  tokensLeft: bigint | null
}

export type SettleRow = {
  id: string
  account: string
  cost: bigint
  key?: string
  /** What was used; left out, it is not known. */
  tokens?: bigint
  /** Nobody knows how the request ended. */
  crashed?: boolean
}

/** `correction` is there where a crash was corrected. */
export type SettleAnswer = { charged: bigint; uncollected: bigint; correction?: bigint }
