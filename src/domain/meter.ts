import type { MicroCredits } from './credits.ts'
import { affordableOutput, costBound, type Rate } from './price.ts'
import { type Delivered, tokensOfCharacters } from './usage.ts'

/** The share of the held output at which the next slice is asked for. */
const EXTEND_AT = 0.8

/**
 * How far an answer may outrun a hold that covers its output limit before it is cut. Counting
 * without a tokenizer can be wrong by that much, and an upstream that honours the limit ends
 * by itself.
 */
const LIMIT_TOLERANCE = 2

type Metered = {
  promptTokens: number
  /** The most output the request may reach, over all choices; null when nobody limits it. */
  boundTokens: number | null
  sliceTokens: number
  rate: Rate
  amount: MicroCredits
}

/**
 * Watches a stream spend its hold. Counting is in tokens, not money, so that a chunk costs two
 * comparisons; what it delivered counts as the larger of its chunks and its characters / 4, since
 * some models stream several characters a token and others several tokens a chunk.
 */
export class Meter {
  readonly #hold: Metered
  readonly #boundTokens: number
  #heldTokens = 0
  #extendAt = 0

  constructor(hold: Metered) {
    this.#hold = hold
    this.#boundTokens = hold.boundTokens ?? Number.POSITIVE_INFINITY
    this.extended(hold.amount)
  }

  /** The hold now has this amount. */
  extended(amount: MicroCredits): void {
    const { promptTokens, rate } = this.#hold
    this.#heldTokens = affordableOutput(amount, promptTokens, rate)
    this.#extendAt = Math.floor(this.#heldTokens * (this.#coversBound() ? 1 : EXTEND_AT))
  }

  /** The ledger granted nothing more: the rest of the hold is all there is. */
  refused(): void {
    this.#extendAt = Number.POSITIVE_INFINITY
  }

  /** The amount the hold should grow to, when it is time to ask for it; else null. */
  due(delivered: Delivered): MicroCredits | null {
    const spent = spentTokens(delivered)
    if (spent < this.#extendAt) return null
    const { promptTokens, sliceTokens, rate } = this.#hold
    const next = Math.max(this.#heldTokens, spent) + sliceTokens
    const wanted = spent < this.#boundTokens ? Math.min(next, this.#boundTokens) : next
    return costBound(promptTokens, wanted, rate)
  }

  /** Whether all that is held has been delivered. */
  exhausted(delivered: Delivered): boolean {
    const tolerance = this.#coversBound() ? LIMIT_TOLERANCE : 1
    return spentTokens(delivered) >= this.#heldTokens * tolerance
  }

  #coversBound(): boolean {
    return this.#heldTokens >= this.#boundTokens
  }
}

function spentTokens(delivered: Delivered): number {
  return Math.max(delivered.chunkCount, tokensOfCharacters(delivered.completionLength))
}
