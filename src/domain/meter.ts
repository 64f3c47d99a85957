import type { MicroCredits } from './credits.ts'
import { affordableOutput, costBound, type Rate } from './prices/price.ts'
import { type Delivered, tokensOfCharacters } from './usage/estimate.ts'

/** The share of a slice that is left when the next one is asked for. */
const EXTEND_BEFORE = 0.2

/**
 * How far the larger count of an answer may outrun a hold that covers its output limit. Counting
 * without a tokenizer can be wrong by that much, and an upstream that honours the limit ends by
 * itself; past it the smaller count decides, which is wrong only where both are.
 */
const LIMIT_TOLERANCE = 2

type Metered = {
  /** A bound; see `promptCounted`. */
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
  #promptTokens: number
  #heldTokens = 0
  #extendAt = 0

  constructor(hold: Metered) {
    this.#hold = hold
    this.#boundTokens = hold.boundTokens ?? Number.POSITIVE_INFINITY
    this.#promptTokens = hold.promptTokens
    this.extended(hold.amount)
  }

  /** The prompt has exactly so many tokens: what was held for more of them pays for output. */
  promptCounted(tokens: number): void {
    this.#promptTokens = tokens
  }

  /** The hold now has this amount. */
  extended(amount: MicroCredits): void {
    const { sliceTokens, rate } = this.#hold
    this.#heldTokens = affordableOutput(amount, this.#promptTokens, rate)
    this.#extendAt = this.#coversBound()
      ? this.#heldTokens + 1 // an upstream that honours the limit never gets there
      : Math.max(0, this.#heldTokens - Math.floor(sliceTokens * EXTEND_BEFORE))
  }

  /**
   * The ledger granted nothing more. It is asked once again when all that is held has been
   * delivered: other requests may have ended by then, and given back what they held.
   */
  refused(): void {
    const held = this.#heldTokens
    this.#extendAt = this.#extendAt < held ? held : Number.POSITIVE_INFINITY
  }

  /** The amount the hold should grow to, when it is time to ask for it; else null. */
  due(delivered: Delivered): MicroCredits | null {
    const spent = spentTokens(delivered)
    if (spent < this.#extendAt) return null
    const { sliceTokens, rate } = this.#hold
    const next = Math.max(this.#heldTokens, spent) + sliceTokens
    const wanted = spent < this.#boundTokens ? Math.min(next, this.#boundTokens) : next
    return costBound(this.#promptTokens, wanted, rate)
  }

  /** Whether more has been delivered than is held. */
  exceeded(delivered: Delivered): boolean {
    const spent = spentTokens(delivered)
    const held = this.#heldTokens
    if (spent <= held) return false
    if (!this.#coversBound()) return true
    return spent > held * LIMIT_TOLERANCE || leastTokens(delivered) > held
  }

  #coversBound(): boolean {
    return this.#heldTokens >= this.#boundTokens
  }
}

/** What was delivered, in tokens: what the meter takes for the larger count. */
export function spentTokens(delivered: Delivered): number {
  return Math.max(delivered.chunkCount, tokensOfCharacters(delivered.completionLength))
}

/** Some upstreams cut words to pieces, others send sentences: the truth is not below both. */
function leastTokens(delivered: Delivered): number {
  return Math.min(delivered.chunkCount, tokensOfCharacters(delivered.completionLength))
}
