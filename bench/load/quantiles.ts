import type { Quantiles } from './orders.ts'

/** p50 and p99 by nearest rank; NaN where nothing was measured. */
export function quantiles(values: number[]): Quantiles {
  const sorted = Float64Array.from(values).sort()
  const rank = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN
  return { p50: rank(0.5), p99: rank(0.99) }
}
