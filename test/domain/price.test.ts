import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  affordableOutput,
  COST_MAX,
  costBound,
  costOf,
  fallbackRate,
  MARKUP_NONE_PPM,
  rateOfPrice,
} from '../../src/domain/prices/price.ts'
import { parseUsd } from '../../src/domain/prices/usd.ts'
import { USAGE_TOKENS_MAX } from '../../src/domain/usage/token-count.ts'
import { anyAmount, anyRate, anyUsage, dearRate, tokens } from './arbitrary-rate.ts'

const CLASSES = ['promptTokens', 'completionTokens'] as const

test('a cost is never negative and never more than the ledger can count', () => {
  fc.assert(
    fc.property(anyUsage, anyRate, (usage, rate) => {
      const cost = costOf(usage, rate)
      return cost >= 0n && cost <= COST_MAX
    }),
  )
})

test('more tokens never cost less', () => {
  fc.assert(
    fc.property(anyUsage, anyRate, tokens, (usage, rate, more) => {
      for (const name of CLASSES) {
        const larger = { ...usage, [name]: usage[name] + more }
        expect(costOf(larger, rate) >= costOf(usage, rate)).toBe(true)
      }
    }),
  )
})

test('a bound is never below the cost, whatever classes the tokens turn out to be', () => {
  fc.assert(
    fc.property(anyUsage, anyRate, (usage, rate) => {
      const { promptTokens, completionTokens } = usage
      return costBound(promptTokens, completionTokens, rate) >= costOf(usage, rate)
    }),
  )
})

test('one call is never dearer than the same tokens in two', () => {
  fc.assert(
    fc.property(anyUsage, anyUsage, anyRate, (one, two, rate) => {
      const both = {
        promptTokens: one.promptTokens + two.promptTokens,
        cachedTokens: one.cachedTokens + two.cachedTokens,
        completionTokens: one.completionTokens + two.completionTokens,
        reasoningTokens: one.reasoningTokens + two.reasoningTokens,
      }
      return costOf(both, rate) <= costOf(one, rate) + costOf(two, rate)
    }),
  )
})

test('an amount pays for its affordable output, and not for one token more', () => {
  fc.assert(
    fc.property(anyAmount, tokens, dearRate, (amount, promptTokens, rate) => {
      fc.pre(amount >= costBound(promptTokens, 0, rate))
      const affordable = affordableOutput(amount, promptTokens, rate)
      fc.pre(affordable < Number.MAX_SAFE_INTEGER) // where it is cut off
      expect(costBound(promptTokens, affordable, rate) <= amount).toBe(true)
      expect(costBound(promptTokens, affordable + 1, rate) > amount).toBe(true)
    }),
  )
})

test('an amount that does not pay for the prompt affords no output', () => {
  fc.assert(
    fc.property(anyAmount, tokens, dearRate, (amount, promptTokens, rate) => {
      fc.pre(amount < costBound(promptTokens, 0, rate))
      expect(affordableOutput(amount, promptTokens, rate)).toBe(0)
    }),
  )
})

test('output that is free is affordable without end', () => {
  const rate = { ...fallbackRate(10_000_000n, MARKUP_NONE_PPM), output: 0n, reasoning: 0n }
  expect(affordableOutput(10_000_000n, 10, rate)).toBe(Number.MAX_SAFE_INTEGER)
})

test('a price in USD becomes credits without rounding', () => {
  const usd = (text: string) => parseUsd(text) as bigint
  const price = {
    id: 'a price',
    input: usd('2.5'),
    cachedInput: usd('1.25'),
    output: usd('10'),
    reasoning: usd('10'),
    request: usd('0'),
  }
  const rate = rateOfPrice(price, 1_000n, MARKUP_NONE_PPM)
  const usage = { promptTokens: 1_000, cachedTokens: 400, completionTokens: 7, reasoningTokens: 3 }
  // 600 x 2,500 + 400 x 1,250 + 7 x 10,000 micro-credits
  expect(costOf(usage, rate)).toBe(2_070_000n)
  expect(costOf(usage, { ...rate, markupPpm: 1_200_000n })).toBe(2_484_000n)
})

test('a part of a micro-credit is rounded up once a call', () => {
  const rate = fallbackRate(1n, MARKUP_NONE_PPM) // a thousandth of a micro-credit a token
  const usage = { promptTokens: 1, cachedTokens: 0, completionTokens: 1, reasoningTokens: 0 }
  expect(costOf(usage, rate)).toBe(1n)
})

test('a cost beyond what the ledger can count is the most it can count', () => {
  const rate = fallbackRate(10n ** 20n, MARKUP_NONE_PPM)
  expect(costBound(USAGE_TOKENS_MAX, USAGE_TOKENS_MAX, rate)).toBe(COST_MAX)
})
