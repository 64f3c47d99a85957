/** Units of a request or a token in its bucket; a minute has as many microseconds. */
export const UNIT = 60_000_000n
const MS_UNITS = 1_000n

export type Period = 'day' | 'month' | 'total'

/** Buckets that count in integers without a bound: full when they were never drawn from. */
export class BucketModel {
  readonly #levels = new Map<string, { level: bigint; at: bigint }>()

  level(id: string, limit: bigint, now: bigint): bigint {
    const bucket = this.#levels.get(id)
    if (bucket === undefined) return limit * UNIT
    return least(limit * UNIT, bucket.level + (now - bucket.at) * limit)
  }

  set(id: string, level: bigint, at: bigint): void {
    this.#levels.set(id, { level, at })
  }

  /** Puts so many back, or takes them out. */
  give(id: string, limit: bigint, count: bigint, now: bigint): void {
    this.set(id, least(limit * UNIT, this.level(id, limit, now) + count * UNIT), now)
  }

  rows(): [string, bigint, bigint][] {
    return [...this.#levels].map(([id, { level, at }]) => [id, level, at])
  }
}

/** Milliseconds until a bucket has that many more units, of which it gets `limit` a microsecond. */
export function waitMs(units: bigint, limit: bigint): bigint {
  const perMs = limit * MS_UNITS
  return units <= 0n ? 0n : (units + perMs - 1n) / perMs
}

/** When the period began that runs at a time; both in microseconds since 1970, null is ever. */
export function startOf(period: Period, now: bigint): bigint | null {
  if (period === 'total') return null
  const date = new Date(Number(now / 1_000n))
  const day = period === 'day' ? date.getUTCDate() : 1
  return BigInt(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), day)) * 1_000n
}

export function least(...values: [bigint, ...bigint[]]): bigint {
  return values.reduce((a, b) => (a < b ? a : b))
}

export function most(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
