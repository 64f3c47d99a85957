import type { Price } from './price.ts'

/** Another price every day from one time to another, in seconds since midnight, UTC. */
export type PriceHours = {
  from: number
  /** Exclusive; below `from` where they pass midnight. */
  until: number
  price: Price
}

export type DatedPrice = Price & {
  effectiveFrom: Date
  /** The first that a time is in decides. */
  hours?: readonly PriceHours[]
}

const DAY_MS = 86_400_000

/**
 * The price of a call that begins at a time; null when nobody had set one.
 * @param newestFirst the prices of one provider's model
 */
export function priceInForce(newestFirst: readonly DatedPrice[], at: Date): Price | null {
  const dated = newestFirst.find((price) => price.effectiveFrom <= at) ?? null
  if (dated?.hours === undefined) return dated
  const second = (at.getTime() % DAY_MS) / 1_000
  return dated.hours.find((hours) => isWithin(hours, second))?.price ?? dated
}

function isWithin({ from, until }: PriceHours, second: number): boolean {
  return until < from ? second >= from || second < until : second >= from && second < until
}
