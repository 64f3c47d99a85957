/** Chance that can be repeated: the same seed deals the same hands. */
export type Random = {
  /** At least 0, below 1. */
  share(): number
  /** A number from the least to the most. */
  between(least: number, most: number): number
  /** A whole number from the least to the most. */
  whole(least: number, most: number): number
  /** One of them. */
  one<T>(of: readonly T[]): T
}

/** Mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed
  const share = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    share,
    between: (least, most) => least + share() * (most - least),
    whole: (least, most) => least + Math.floor(share() * (most - least + 1)),
    one: (of) => of[Math.floor(share() * of.length)] as (typeof of)[number],
  }
}
