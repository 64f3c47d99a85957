import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HOLD_OUTPUT_TOKENS } from '../../src/domain/bounds.ts'
import { clampedLimit, planHold } from '../../src/domain/hold.ts'
import { costBound, fallbackRate, MARKUP_NONE_PPM } from '../../src/domain/prices/price.ts'
import type { Tier } from '../../src/domain/tier.ts'
import { dearRate, tokens } from './arbitrary-rate.ts'

const TIER: Tier = {
  name: 'default',
  models: null,
  markupPpm: MARKUP_NONE_PPM,
  maxOutputTokens: null,
  holdOutputTokens: null,
  requestsPerMinute: null,
  tokensPerMinute: null,
  concurrency: null,
}
const MODEL = { contextWindow: null, maxOutputTokens: null, holdOutputTokens: null }
const RATE = fallbackRate(10_000_000n, MARKUP_NONE_PPM)
const REQUEST = {
  stream: true,
  choices: 1,
  promptTokens: 100,
  outputLimit: null,
  model: MODEL,
  tier: TIER,
  rate: RATE,
}

const limit = fc.option(fc.integer({ min: 1, max: 200_000 }))
const anyRequest = fc.record({
  stream: fc.boolean(),
  choices: fc.integer({ min: 1, max: 128 }),
  promptTokens: tokens,
  outputLimit: limit,
  model: fc.record({
    contextWindow: fc.constant(null),
    maxOutputTokens: limit,
    holdOutputTokens: limit,
  }),
  tier: fc
    .record({ maxOutputTokens: limit, holdOutputTokens: limit })
    .map((limits) => ({ ...TIER, ...limits })),
  rate: dearRate,
})

test('a hold pays for its prompt and the output it covers', () => {
  fc.assert(
    fc.property(anyRequest, (request) => {
      const plan = planHold(request)
      expect(plan.amount).toBe(costBound(plan.promptTokens, plan.outputTokens, request.rate))
      expect(plan.minimum <= plan.amount).toBe(true)
      expect(plan.outputTokens).toBeGreaterThanOrEqual(request.choices)
    }),
  )
})

test('a request without output holds its prompt, all of it', () => {
  for (const stream of [true, false]) {
    const plan = planHold({ ...REQUEST, stream, choices: 3, outputLimit: 0 })
    expect(plan).toMatchObject({ outputTokens: 0, boundTokens: 0, outputLimit: null })
    expect(plan.amount).toBe(costBound(100, 0, RATE))
    expect(plan.minimum).toBe(plan.amount)
  }
})

test('a stream holds its limit or a slice, whichever is less', () => {
  const held = (change: object) => planHold({ ...REQUEST, ...change }).outputTokens
  expect(held({})).toBe(HOLD_OUTPUT_TOKENS)
  expect(held({ outputLimit: 50 })).toBe(50)
  expect(held({ outputLimit: 100_000 })).toBe(HOLD_OUTPUT_TOKENS)
  expect(held({ model: { ...MODEL, maxOutputTokens: 70 }, outputLimit: 100_000 })).toBe(70)
  expect(held({ tier: { ...TIER, holdOutputTokens: 32 } })).toBe(32)
  expect(
    held({ tier: { ...TIER, holdOutputTokens: 32 }, model: { ...MODEL, holdOutputTokens: 64 } }),
  ).toBe(64)
  expect(held({ choices: 3, outputLimit: 50 })).toBe(150)
})

test('a plain request holds its whole limit, and can do with one token a choice', () => {
  const plan = planHold({ ...REQUEST, stream: false, outputLimit: 100_000, choices: 2 })
  expect(plan.outputTokens).toBe(200_000)
  expect(plan.minimum).toBe(costBound(100, 2, RATE))
})

test('what is granted pays for the limit it leads to', () => {
  fc.assert(
    fc.property(anyRequest, fc.double({ min: 0, max: 1, noNaN: true }), (request, share) => {
      const plan = planHold({ ...request, stream: false })
      const { amount, minimum, promptTokens } = plan
      const granted = minimum + ((amount - minimum) * BigInt(Math.floor(share * 1_000))) / 1_000n
      fc.pre(granted < amount)
      const { choices, outputLimit, rate, tier } = request
      const each = clampedLimit(plan, granted, choices, rate) as number
      expect(each).toBeGreaterThanOrEqual(1)
      expect(each).toBeLessThanOrEqual(Math.min(outputLimit ?? each, tier.maxOutputTokens ?? each))
      expect(costBound(promptTokens, each * choices, rate) <= granted).toBe(true)
    }),
  )
})

test('what is granted in full changes no limit but one above the cap of the tier', () => {
  fc.assert(
    fc.property(anyRequest, (request) => {
      const plan = planHold(request)
      const cap = request.tier.maxOutputTokens
      const isAbove = cap !== null && (request.outputLimit === null || request.outputLimit > cap)
      const each = clampedLimit(plan, plan.amount, request.choices, request.rate)
      expect(each).toBe(isAbove ? cap : null)
    }),
  )
})
