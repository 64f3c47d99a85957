import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Meter } from '../../src/domain/meter.ts'
import {
  affordableOutput,
  costBound,
  fallbackRate,
  MARKUP_NONE_PPM,
} from '../../src/domain/prices/price.ts'
import { dearRate, tokens } from './arbitrary-rate.ts'

const RATE = fallbackRate(10_000_000n, MARKUP_NONE_PPM)
const PROMPT = 50
const delivered = (chunkCount: number) => ({ chunkCount, completionLength: 4 * chunkCount })
const costOfTokens = (output: number) => costBound(PROMPT, output, RATE)

/** A meter on a hold of the prompt and so many tokens of output. */
function meterOf(heldTokens: number, sliceTokens: number, boundTokens: number | null = null) {
  const amount = costOfTokens(heldTokens)
  return new Meter({ promptTokens: PROMPT, boundTokens, sliceTokens, rate: RATE, amount })
}

const anyMetered = fc.record({
  promptTokens: tokens,
  boundTokens: fc.option(fc.integer({ min: 1, max: 100_000 })),
  sliceTokens: fc.integer({ min: 1, max: 10_000 }),
  rate: dearRate,
  heldTokens: fc.integer({ min: 1, max: 10_000 }),
})

test('a meter lets all that is held be delivered', () => {
  fc.assert(
    fc.property(anyMetered, fc.boolean(), ({ heldTokens, ...metered }, isRefused) => {
      const amount = costBound(metered.promptTokens, heldTokens, metered.rate)
      const meter = new Meter({ ...metered, amount })
      if (isRefused) meter.refused()
      expect(meter.exceeded(delivered(heldTokens))).toBe(false)
    }),
  )
})

test('a meter without a limit lets nothing pass beyond what is held', () => {
  fc.assert(
    fc.property(anyMetered, ({ heldTokens, ...metered }) => {
      const amount = costBound(metered.promptTokens, heldTokens, metered.rate)
      const meter = new Meter({ ...metered, boundTokens: null, amount })
      const affordable = affordableOutput(amount, metered.promptTokens, metered.rate)
      expect(meter.exceeded(delivered(affordable + 1))).toBe(true)
    }),
  )
})

test('a stream whose slices are granted never exceeds its hold and is always paid for', () => {
  fc.assert(
    fc.property(
      anyMetered,
      fc.integer({ min: 1, max: 5_000 }),
      ({ heldTokens, ...metered }, length) => {
        let amount = costBound(metered.promptTokens, heldTokens, metered.rate)
        const meter = new Meter({ ...metered, boundTokens: null, amount })
        for (let spent = 1; spent <= length; spent += 1) {
          const wanted = meter.due(delivered(spent))
          if (wanted !== null) {
            expect(wanted > amount).toBe(true)
            amount = wanted
            meter.extended(amount)
          }
          expect(meter.exceeded(delivered(spent))).toBe(false)
          expect(costBound(metered.promptTokens, spent, metered.rate) <= amount).toBe(true)
        }
      },
    ),
    { numRuns: 30 },
  )
})

test('the next slice is asked for when a fifth of this one is left', () => {
  const meter = meterOf(100, 100)
  expect(meter.due(delivered(79))).toBeNull()
  expect(meter.due(delivered(80))).toBe(costOfTokens(200))
  meter.extended(costOfTokens(200))
  expect(meter.due(delivered(179))).toBeNull()
  expect(meter.due(delivered(180))).toBe(costOfTokens(300))
})

test('a slice reaches no further than the limit of the request', () => {
  const meter = meterOf(100, 100, 130)
  expect(meter.due(delivered(80))).toBe(costOfTokens(130))
})

test('a hold that covers the limit asks for nothing until the limit is passed', () => {
  const meter = meterOf(100, 100, 100)
  expect(meter.due(delivered(100))).toBeNull()
  expect(meter.exceeded(delivered(100))).toBe(false)
  expect(meter.due(delivered(101))).toBe(costOfTokens(201))
})

test('a refused slice is asked for once again at the end of the hold', () => {
  const meter = meterOf(100, 100)
  meter.refused()
  expect(meter.due(delivered(99))).toBeNull()
  expect(meter.due(delivered(100))).toBe(costOfTokens(200))
  meter.refused()
  expect(meter.due(delivered(500))).toBeNull()
})

test('a prompt counted smaller than its bound pays for output', () => {
  const meter = meterOf(100, 100)
  expect(meter.exceeded(delivered(101))).toBe(true)
  meter.promptCounted(PROMPT - 30)
  meter.extended(costOfTokens(100))
  expect(meter.exceeded(delivered(130))).toBe(false)
  expect(meter.exceeded(delivered(131))).toBe(true)
})

test('chunks of several tokens and tokens of several chunks both count', () => {
  const meter = meterOf(100, 100)
  expect(meter.exceeded({ chunkCount: 101, completionLength: 101 })).toBe(true)
  expect(meter.exceeded({ chunkCount: 1, completionLength: 401 })).toBe(true)
})

test('a hold that covers the limit is exceeded when both counts are above it', () => {
  const meter = meterOf(100, 100, 100)
  expect(meter.exceeded({ chunkCount: 200, completionLength: 400 })).toBe(false) // bits of words
  expect(meter.exceeded({ chunkCount: 100, completionLength: 800 })).toBe(false) // long words
  expect(meter.exceeded({ chunkCount: 101, completionLength: 404 })).toBe(true)
})

test('a hold that covers the limit is exceeded when one count is twice above it', () => {
  const meter = meterOf(100, 100, 100)
  expect(meter.exceeded({ chunkCount: 201, completionLength: 201 })).toBe(true)
  expect(meter.exceeded({ chunkCount: 1, completionLength: 801 })).toBe(true)
})
