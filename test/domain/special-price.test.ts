import fc from 'fast-check'
import { expect, test } from 'vitest'
import { affordableOutput, costBound, costOf, type Rate } from '../../src/domain/prices/price.ts'
import { countClasses } from '../../src/domain/prices/price-classes.ts'
import { detailsOf, withDetails } from '../../src/domain/usage/usage-details.ts'
import { anyAmount, anyRate, anyUsage, partedUsage, specialRate, tokens } from './arbitrary-rate.ts'

const sum = (counts: number[]) => counts.reduce((total, count) => total + count, 0)

test('every token is in one class, whatever parts an upstream reports', () => {
  fc.assert(
    fc.property(partedUsage, (usage) => {
      const counts = Object.values(countClasses(usage))
      expect(counts.every((count) => count >= 0)).toBe(true)
      expect(sum(counts)).toBe(usage.promptTokens + usage.completionTokens)
    }),
    { numRuns: 1_000 },
  )
})

test('what a record keeps of a usage is all of it', () => {
  fc.assert(
    fc.property(partedUsage, (usage) => {
      const { promptTokens, cachedTokens, completionTokens, reasoningTokens } = usage
      const usual = { promptTokens, cachedTokens, completionTokens, reasoningTokens }
      expect(withDetails(usual, detailsOf(usage))).toEqual(usage)
    }),
  )
})

test('a bound is never below the cost, whatever classes and steps a rate has', () => {
  fc.assert(
    fc.property(partedUsage, specialRate, tokens, (usage, rate, more) => {
      const { promptTokens, completionTokens } = usage
      const cost = costOf(usage, rate)
      expect(costBound(promptTokens + more, completionTokens, rate) >= cost).toBe(true)
    }),
    { numRuns: 1_000 },
  )
})

test('an amount pays for the output it affords at any step, and for not one token more', () => {
  fc.assert(
    fc.property(anyAmount, tokens, specialRate, (amount, promptTokens, rate) => {
      fc.pre(amount >= costBound(promptTokens, 0, rate))
      const affordable = affordableOutput(amount, promptTokens, rate)
      fc.pre(affordable < Number.MAX_SAFE_INTEGER)
      expect(costBound(promptTokens, affordable, rate) <= amount).toBe(true)
      expect(costBound(promptTokens, affordable + 1, rate) > amount).toBe(true)
    }),
  )
})

test('a rate that has nothing special costs the same with an empty special part', () => {
  const special = { parts: {}, steps: [], tools: {} }
  fc.assert(
    fc.property(partedUsage, anyRate, (usage, rate) => {
      expect(costOf(usage, { ...rate, special })).toBe(costOf(usage, rate))
    }),
  )
})

const RATE: Rate = {
  input: 1_000_000_000n,
  cachedInput: 100_000_000n,
  output: 4_000_000_000n,
  reasoning: 4_000_000_000n,
  request: 0n,
  markupPpm: 1_000_000n,
  priceId: null,
}
const usual = {
  input: 2_000_000_000n,
  cachedInput: 200_000_000n,
  output: 8_000_000_000n,
  reasoning: 8_000_000_000n,
}
const at = (promptTokens: number, more = {}) =>
  costOf(
    { promptTokens, cachedTokens: 0, completionTokens: 0, reasoningTokens: 0, ...more },
    {
      ...RATE,
      special: {
        parts: { cacheWrite: 1_250_000_000n, inputAudio: 10_000_000_000n },
        steps: [{ above: 1_000, ...usual, parts: { cacheWrite: 2_500_000_000n } }],
        tools: { web_search_call: 10_000_000n },
      },
    },
  )

test('above so many prompt tokens the whole call costs what the step says', () => {
  expect([at(1_000), at(1_001)]).toEqual([1_000n, 2_002n])
})

test('audio that is cached too is counted once', () => {
  // 600 plain, 200 cached audio at the price of audio, 200 other audio
  const audio = { cachedTokens: 200, inputAudioTokens: 400, cachedAudioTokens: 200 }
  expect(at(1_000, audio)).toBe(600n + 4_000n)
})

test('tokens written to a cache have their price at each step', () => {
  const written = { cacheWriteTokens: 400 }
  expect(at(1_000, written)).toBe(600n + 500n)
  expect(at(2_000, written)).toBe(3_200n + 1_000n)
})

test('a call of a hosted tool costs its price, and one without a price nothing', () => {
  const toolCalls = { web_search_call: 3, toString: 5, code_interpreter_call: 9 }
  expect(at(1_000, { toolCalls })).toBe(1_000n + 30_000n)
})

test('a usage of the four usual figures costs the same as ever', () => {
  fc.assert(
    fc.property(anyUsage, (usage) => {
      const { promptTokens, cachedTokens, completionTokens } = usage
      const tenths = (promptTokens - cachedTokens) * 10 + cachedTokens + completionTokens * 40
      expect(costOf(usage, RATE)).toBe(BigInt(Math.ceil(tenths / 10)))
    }),
  )
})
