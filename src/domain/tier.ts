/** How fast an account or a key may go; null is no limit. */
export type RateLimits = { requestsPerMinute: number | null; concurrency: number | null }

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
