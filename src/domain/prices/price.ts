import { divideRoundingUp, type MicroCredits } from '../credits.ts'
import { type Usage, usageOf } from '../usage/usage.ts'
import { maximum } from './price-classes.ts'
import {
  dearestSpecial,
  type Special,
  scaleSpecial,
  specialCost,
  toolCost,
} from './special-price.ts'

/**
 * What one call costs, pinned on its hold. Token classes are in nano-credits per million tokens:
 * fine enough that USD prices with 9 decimals need no rounding at any CREDITS_PER_USD.
 */
export type Rate = {
  input: bigint
  cachedInput: bigint
  output: bigint
  reasoning: bigint
  /** Nano-credits a call, whatever its tokens. */
  request: bigint
  /** Parts per million: 1_000_000n sells at cost. */
  markupPpm: bigint
  /** The row of the price table this rate came from; null for the fallback multiplier. */
  priceId: string | null
  /** What few prices have: other classes, tools, steps. Most rates are without it. */
  special?: Special
}

/** USD per million tokens (and USD a call), as nano-USD integers. */
export type Price = Omit<Rate, 'markupPpm' | 'priceId'> & { id: string }

export const MARKUP_NONE_PPM = 1_000_000n

/**
 * Micro-credits one call can cost at most: what the ledger's int64 can hold, and more than all
 * credits.
 */
export const COST_MAX = 9_000_000_000_000_000_000n
const TOKENS_PER_PRICE = 1_000_000n
const NANO_PER_MICRO = 1_000n
const UNROUNDED_PER_MICRO = TOKENS_PER_PRICE * NANO_PER_MICRO * MARKUP_NONE_PPM

/** The rate of a priced model: nano-USD times credits per USD is nano-credits, without rounding. */
export function rateOfPrice(price: Price, creditsPerUsd: bigint, markupPpm: bigint): Rate {
  const rate = {
    input: price.input * creditsPerUsd,
    cachedInput: price.cachedInput * creditsPerUsd,
    output: price.output * creditsPerUsd,
    reasoning: price.reasoning * creditsPerUsd,
    request: price.request * creditsPerUsd,
    markupPpm,
    priceId: price.id,
  }
  const { special } = price
  return special === undefined ? rate : { ...rate, special: scaleSpecial(special, creditsPerUsd) }
}

/** The rate of a model nobody priced: so many credits per 1,000 tokens of any class. */
export function fallbackRate(microCreditsPer1000Tokens: MicroCredits, markupPpm: bigint): Rate {
  const each = microCreditsPer1000Tokens * 1_000n * NANO_PER_MICRO
  return {
    input: each,
    cachedInput: each,
    output: each,
    reasoning: each,
    request: 0n,
    markupPpm,
    priceId: null,
  }
}

/** Micro-credits per 1,000 tokens of an amount of a rate. */
export function per1000Tokens(amount: bigint): MicroCredits {
  return amount / (1_000n * NANO_PER_MICRO)
}

/** The rate of what costs nothing. */
export const FREE_RATE: Rate = {
  input: 0n,
  cachedInput: 0n,
  output: 0n,
  reasoning: 0n,
  request: 0n,
  markupPpm: MARKUP_NONE_PPM,
  priceId: null,
}

/**
 * The charge for a usage: one multiplication and one rounding (up) a call. No price makes it more
 * than the ledger can count, so that a hold nobody can pay is refused and not an error.
 */
export function costOf(usage: Usage, rate: Rate): MicroCredits {
  const cost = divideRoundingUp(unroundedCost(usage, rate), UNROUNDED_PER_MICRO)
  return cost < COST_MAX ? cost : COST_MAX
}

/**
 * The most a usage of these bounds can cost, whatever classes its tokens turn out to be: every
 * prompt token at the dearest input class, every completion token at the dearest output class, at
 * any step that such a prompt can reach. Calls of hosted tools are not among it: nobody knows how
 * many there will be.
 */
export function costBound(
  promptTokens: number,
  completionTokens: number,
  rate: Rate,
): MicroCredits {
  return costOf(usageOf(promptTokens, completionTokens), dearest(rate, promptTokens))
}

/**
 * How many completion tokens beyond the prompt an amount pays for; 0 when it does not pay even
 * that.
 */
export function affordableOutput(amount: MicroCredits, promptTokens: number, rate: Rate): number {
  const most = dearest(rate, promptTokens)
  const { output, markupPpm } = most
  const left = amount * UNROUNDED_PER_MICRO - unroundedCost(usageOf(promptTokens, 0), most)
  if (left < 0n) return 0
  const perToken = output * markupPpm
  if (perToken === 0n) return Number.MAX_SAFE_INTEGER
  const tokens = divideRoundingUp(left - perToken + 1n, perToken) // the floor of the quotient
  return Number(tokens < BigInt(Number.MAX_SAFE_INTEGER) ? tokens : Number.MAX_SAFE_INTEGER)
}

/** A cost before its rounding, in the unit in which rates need none. */
function unroundedCost(usage: Usage, rate: Rate): bigint {
  const { special } = rate
  if (special === undefined) {
    return (usualCost(usage, rate) + rate.request * TOKENS_PER_PRICE) * rate.markupPpm
  }
  const calls = rate.request + toolCost(usage, special)
  return (specialCost(usage, { ...rate, special }) + calls * TOKENS_PER_PRICE) * rate.markupPpm
}

/** What the tokens cost, times a million, where a rate knows the four usual classes alone. */
function usualCost(usage: Usage, rate: Rate): bigint {
  return (
    BigInt(usage.promptTokens - usage.cachedTokens) * rate.input +
    BigInt(usage.cachedTokens) * rate.cachedInput +
    BigInt(usage.completionTokens - usage.reasoningTokens) * rate.output +
    BigInt(usage.reasoningTokens) * rate.reasoning
  )
}

/** A rate of two classes, each as dear as the dearest of those its tokens may turn out to be in. */
function dearest(rate: Rate, promptTokens: number): Rate {
  const { special, request, markupPpm, priceId } = rate
  const { input, output } =
    special === undefined
      ? {
          input: maximum([rate.input, rate.cachedInput]),
          output: maximum([rate.output, rate.reasoning]),
        }
      : dearestSpecial({ ...rate, special }, promptTokens)
  return { input, cachedInput: input, output, reasoning: output, request, markupPpm, priceId }
}
