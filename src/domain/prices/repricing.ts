import type { MicroCredits } from '../credits.ts'
import { timeOf } from '../request-time.ts'
import type { Usage } from '../usage/usage.ts'
import { costOf, type Price, rateOfPrice } from './price.ts'

/** What the record of a request tells of its cost. */
export type RecordedRequest = {
  id: string
  accountId: string
  endpoint: string
  isCrashed: boolean
  /** The price it was charged at; null for the fallback multiplier. */
  priceId: string | null
  /** Parts per million: what was pinned, else what its account's tier has now. */
  markupPpm: bigint
  hasMarkup: boolean
  usage: Usage
}

/** The prices of one provider's model by time, and the unit of credits. */
export type PriceBook = { priceAt(at: Date): Price | null; creditsPerUsd: bigint }

/**
 * What a request costs at the price that was in force when it began, with the markup it had,
 * exactly as a settlement has it.
 * @returns `right` if it was charged at that price; `unknown` where there was none, or where its
 * process crashed before it could record a usage
 */
export function reprice(
  request: RecordedRequest,
  book: PriceBook,
): MicroCredits | 'right' | 'unknown' {
  const { id, priceId, markupPpm, isCrashed, usage } = request
  const price = book.priceAt(timeOf(id))
  if (price === null) return 'unknown'
  if (price.id === priceId) return 'right'
  if (isCrashed && usage.promptTokens + usage.completionTokens === 0) return 'unknown'
  return costOf(usage, rateOfPrice(price, book.creditsPerUsd, markupPpm))
}
