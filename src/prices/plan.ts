import { columnsOf } from '../store/prices/price-details.ts'
import { isSamePrice, MANUAL, type PriceRow } from '../store/prices/prices.ts'
import type { Offer } from './offer.ts'

type Columns = ReturnType<typeof columnsOf>

/** What an import would do with one price. */
export type PlannedPrice = {
  model: string
  effectiveFrom: Date
  price: Columns
  /** The price that would be in force then without it. */
  before: Columns | null
  /** The prices that the model has already. */
  known: number
} & Judged

type Judged =
  | { status: 'new' | 'changed' | 'same' | 'manual' }
  | { status: 'refused'; reason: string }

type Stored = Pick<PriceRow, 'model' | 'effectiveFrom' | 'source' | keyof Columns>

/**
 * Compares what the catalogue offers with what is stored: nothing that somebody entered is replaced
 * unless that is wanted, and nothing at all is changed where it costs the same.
 * @param stored all prices of the provider
 */
export function planPrices(
  { models }: Offer,
  stored: readonly Stored[],
  { source, replaceManual }: { source: string; replaceManual: boolean },
): PlannedPrice[] {
  const byModel = Map.groupBy(stored, ({ model }) => model)
  return models.flatMap(({ model, versions }) => {
    const known = byModel.get(model)?.length ?? 0
    const prices = [...(byModel.get(model) ?? [])]
    return versions.map(({ effectiveFrom, terms, hours }) => {
      const price = columnsOf(terms, hours)
      const before = inForce(prices, effectiveFrom)
      const judged = judge(before, price, effectiveFrom, replaceManual)
      if (judged.status === 'new' || judged.status === 'changed') {
        prices.push({ ...price, model, effectiveFrom, source })
      }
      return { model, effectiveFrom, price, before, known, ...judged }
    })
  })
}

function judge(
  before: Stored | null,
  price: Columns,
  effectiveFrom: Date,
  replaceManual: boolean,
): Judged {
  if (before === null) return { status: 'new' }
  if (isSamePrice(before, price)) return { status: 'same' }
  if (before.source === MANUAL && !replaceManual) return { status: 'manual' }
  if (before.effectiveFrom.getTime() < effectiveFrom.getTime()) return { status: 'changed' }
  return { status: 'refused', reason: 'another price begins at that very time' }
}

function inForce(prices: readonly Stored[], at: Date): Stored | null {
  return prices
    .filter(({ effectiveFrom }) => effectiveFrom <= at)
    .reduce<Stored | null>(
      (newest, price) => (newest && newest.effectiveFrom >= price.effectiveFrom ? newest : price),
      null,
    )
}
