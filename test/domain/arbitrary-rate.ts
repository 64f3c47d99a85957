import fc from 'fast-check'
import { CREDITS_MAX } from '../../src/domain/credits.ts'
import type { Rate } from '../../src/domain/prices/price.ts'
import { PART_CLASSES } from '../../src/domain/prices/price-classes.ts'
import { USAGE_TOKENS_MAX } from '../../src/domain/usage/token-count.ts'
import type { Usage } from '../../src/domain/usage/usage.ts'
import { PART_NAMES } from '../../src/domain/usage/usage.ts'
import { withParts } from '../../src/domain/usage/usage-parts.ts'

type PartClass = (typeof PART_CLASSES)[number]
type PartName = (typeof PART_NAMES)[number]

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

const parts = fc.record(
  Object.fromEntries(PART_CLASSES.map((name) => [name, price])) as Record<PartClass, typeof price>,
  { requiredKeys: [] },
)
const classes = { input: price, cachedInput: price, output: price, reasoning: price, parts }

/** Any rate with other classes, tools and steps, which may be cheaper than what is below them. */
export const specialRate: fc.Arbitrary<Rate> = fc
  .record({
    rate: anyRate,
    parts,
    steps: fc.uniqueArray(fc.record({ above: fc.nat({ max: 1_000 }), ...classes }), {
      maxLength: 3,
      selector: ({ above }) => above,
    }),
    tools: fc.dictionary(fc.constantFrom('web_search_call', 'file_search_call'), price),
  })
  .map(({ rate, parts, steps, tools }) => ({
    ...rate,
    special: { parts, tools, steps: steps.sort((a, b) => a.above - b.above) },
  }))

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

const part = fc.nat({ max: USAGE_TOKENS_MAX })

/** Any usage with tokens of every class, as an upstream may report it. */
export const partedUsage: fc.Arbitrary<Usage> = fc
  .tuple(
    anyUsage,
    fc.record(
      Object.fromEntries(PART_NAMES.map((name) => [name, part])) as Record<PartName, typeof part>,
      { requiredKeys: [] },
    ),
  )
  .map(([usage, told]) => withParts(usage, told))

export const anyAmount = fc.oneof(
  fc.bigInt({ min: 0n, max: 10n ** 6n }),
  fc.bigInt({ min: 0n, max: CREDITS_MAX }),
)
