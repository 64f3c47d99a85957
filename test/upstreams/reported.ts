/** Tokens by class, as an upstream wrote them; null where it wrote none. */
export type Tokens = { prompt: number; cached: number; completion: number }

type Raw = Record<string, unknown>

/**
 * The usage in what an upstream said, read in the plainest way there is: each `"usage"` of the
 * text, where a later one has the last word about each of its numbers.
 */
export function reportedUsage(text: string): Tokens | null {
  const all = [...text.matchAll(/"usage"\s*:\s*(?=\{)/g)].map((found) =>
    objectAt(text, found.index + found[0].length),
  )
  if (all.length === 0) return null
  const usage: Raw = Object.assign({}, ...all)
  const details = (usage.prompt_tokens_details ?? usage.input_tokens_details ?? {}) as Raw
  const fresh = count(usage.prompt_tokens ?? usage.input_tokens)
  const fromCache = count(usage.cache_read_input_tokens)
  // Anthropic counts what it read from its cache apart.
  const prompt = fresh + fromCache + count(usage.cache_creation_input_tokens)
  const completion = count(usage.completion_tokens ?? usage.output_tokens)
  // Zeros for what has been delivered are no report.
  if (prompt + completion === 0) return null
  return { prompt, cached: fromCache + count(details.cached_tokens), completion }
}

/** Parses the object that begins at an index. */
function objectAt(text: string, start: number): Raw {
  let depth = 0
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === '{') depth += 1
    if (text[at] === '}') depth -= 1
    if (depth === 0) return JSON.parse(text.slice(start, at + 1))
  }
  throw new Error('the usage that the upstream sent is cut off')
}

function count(value: unknown): number {
  return typeof value === 'number' ? value : 0
}

/** USD per million tokens of each class: the price that all models have here. */
export const PRICE = { input: '2', cached_input: '1', output: '6' }
/** Micro-credits of a token that costs a dollar the million, at 1,000 credits a dollar. */
const MICRO_A_DOLLAR = 1_000
const MICRO_A_CREDIT = 1_000_000

/** Micro-credits that these tokens cost. */
export function costOf({ prompt, cached, completion }: Tokens): number {
  return ((prompt - cached) * 2 + cached + completion * 6) * MICRO_A_DOLLAR
}

/** A decimal string of credits in micro-credits. */
export function micro(credits: string): number {
  return Math.round(Number(credits) * MICRO_A_CREDIT)
}
