/** Chance from a seed (sfc32): the same seed, the same choices. */
export class Random {
  #a = 0
  #b = 0
  #c = 0
  #count = 1

  constructor(seed: number) {
    this.#a = seed | 0
    this.#b = (seed ^ 0x9e3779b9) | 0
    this.#c = 0x243f6a88
    for (let round = 0; round < 12; round += 1) this.#next()
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return this.#next() % limit
  }

  between(least: number, most: number): number {
    return least + this.below(most - least + 1)
  }

  chance(percent: number): boolean {
    return this.below(1_000) < percent * 10
  }

  pick<T>(all: readonly T[]): T {
    return all[this.below(all.length)] as T
  }

  /** One of these, as often as its weight says; null where all weigh nothing. */
  weighed<T>(all: readonly (readonly [weight: number, value: T])[]): T | null {
    let total = 0
    for (const [weight] of all) total += weight
    if (total === 0) return null
    let at = this.below(total)
    for (const [weight, value] of all) {
      at -= weight
      if (at < 0) return value
    }
    return null
  }

  #next(): number {
    const result = (this.#a + this.#b + this.#count) | 0
    this.#count = (this.#count + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + result
    return result >>> 0
  }
}
