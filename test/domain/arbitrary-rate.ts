import fc from 'fast-check'
import { CREDITS_MAX } from '../../src/domain/credits.ts'
import type { Rate } from '../../src/domain/price.ts'
import { USAGE_TOKENS_MAX, type Usage } from '../../src/domain/usage.ts'

/** Nano-credits per million tokens, from free over fractions of a cent to absurd. */
const price = fc.oneof(
  fc.constant(0n),
  fc.bigInt({ min: 1n, max: 10n ** 6n }),
  fc.bigInt({ min: 1n, max: 10n ** 15n }),
)
const markupPpm = fc.oneof(fc.constant(1_000_000n), fc.bigInt({ min: 0n, max: 10n ** 9n }))

/** Any rate that an operator can enter and that the ledger can count. */
export const anyRate: fc.Arbitrary<Rate> = fc.record({
  input: price,
  cachedInput: price,
  output: price,
  reasoning: price,
  request: price,
  markupPpm,
  priceId: fc.constant(null),
})

/** A rate at which output is not free. */
export const dearRate = anyRate.filter(
  ({ output, reasoning, markupPpm }) => (output > 0n || reasoning > 0n) && markupPpm > 0n,
)

export const tokens = fc.oneof(fc.nat({ max: 200 }), fc.nat({ max: USAGE_TOKENS_MAX }))

export const anyUsage: fc.Arbitrary<Usage> = fc
  .tuple(tokens, tokens, fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([promptTokens, completionTokens, share]) => ({
    promptTokens,
    cachedTokens: Math.floor(promptTokens * share),
    completionTokens,
    reasoningTokens: Math.floor(completionTokens * (1 - share)),
  }))

export const anyAmount = fc.oneof(
  fc.bigInt({ min: 0n, max: 10n ** 6n }),
  fc.bigInt({ min: 0n, max: CREDITS_MAX }),
)
