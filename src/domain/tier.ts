import type { MicroCredits } from './credits.ts'

/** How fast an account or a key may go; null is no limit. */
export type RateLimits = {
  requestsPerMinute: number | null
  tokensPerMinute: number | null
  concurrency: number | null
}

/** Days and months are those of the UTC calendar; `total` is for good. */
export const SPEND_PERIODS = ['day', 'month', 'total'] as const
export type SpendPeriod = (typeof SPEND_PERIODS)[number]

/** What a key may spend in each period. */
export type SpendLimit = { amount: MicroCredits; period: SpendPeriod }

/** The limits of a key, beside those of its account's tier. */
export type KeyLimits = RateLimits & { spend: SpendLimit | null }

/** What an account may use and how fast, and the operator's markup on it. */
export type Tier = RateLimits & {
  name: string
  /** Model names; a trailing `*` matches any rest. Null allows every model. */
  models: readonly string[] | null
  markupPpm: bigint
  /** Output tokens a choice, a cap on every request; null is none. */
  maxOutputTokens: number | null
  holdOutputTokens: number | null
}

/** Whether a list of model names and prefixes allows this model; null allows all. */
export function allowsModel(models: readonly string[] | null, model: string): boolean {
  if (models === null) return true
  return models.some((name) =>
    name.endsWith('*') ? model.startsWith(name.slice(0, -1)) : name === model,
  )
}
