import fc from 'fast-check'
import { expect, test } from 'vitest'
import { usageToCharge } from '../../src/domain/ending.ts'
import { completeUsage, estimateCompletion } from '../../src/domain/usage/estimate.ts'
import { readUsage } from '../../src/domain/usage/read-usage.ts'
import { USAGE_TOKENS_MAX } from '../../src/domain/usage/token-count.ts'
import type { Usage } from '../../src/domain/usage/usage.ts'
import { anyUsage } from './arbitrary-rate.ts'

const FIELDS = [
  'prompt_tokens',
  'completion_tokens',
  'total_tokens',
  'prompt_cache_hit_tokens',
  'prompt_tokens_details',
  'completion_tokens_details',
]
const figure = fc.oneof(
  fc.nat({ max: 2 * USAGE_TOKENS_MAX }),
  fc.double(),
  fc.constantFrom(-1, -0, 1.5, 1e308, Number.NaN, '12', null, true),
  fc.record({ cached_tokens: fc.anything(), reasoning_tokens: fc.anything() }),
  fc.record({ cached_tokens: fc.nat(), reasoning_tokens: fc.nat() }),
)
const almostUsage = fc.dictionary(fc.constantFrom(...FIELDS), figure)

function expectSound(usage: Usage): void {
  const { toolCalls: _, ...tokens } = usage
  for (const count of Object.values(tokens)) {
    expect(Number.isInteger(count) && count >= 0 && count <= USAGE_TOKENS_MAX).toBe(true)
  }
  expect(usage.cachedTokens).toBeLessThanOrEqual(usage.promptTokens)
  expect(usage.reasoningTokens).toBeLessThanOrEqual(usage.completionTokens)
}

test('whatever an upstream reports is read as sound figures or as nothing', () => {
  fc.assert(
    fc.property(fc.oneof(fc.anything(), fc.jsonValue(), almostUsage), (wire) => {
      const usage = readUsage(wire)
      if (usage !== null) expectSound(usage)
    }),
    { numRuns: 2_000 },
  )
})

test('a sound report is read as it is', () => {
  fc.assert(
    fc.property(anyUsage, (usage) => {
      fc.pre(usage.promptTokens + usage.completionTokens > 0)
      const { promptTokens, completionTokens, cachedTokens, reasoningTokens } = usage
      const wire = {
        prompt_tokens: promptTokens,
        completion_tokens: completionTokens,
        total_tokens: promptTokens + completionTokens,
        prompt_tokens_details: { cached_tokens: cachedTokens },
        completion_tokens_details: { reasoning_tokens: reasoningTokens },
      }
      expect(readUsage(wire)).toEqual(usage)
    }),
  )
})

test('delivered text is never estimated at nothing', () => {
  const method = fc.constantFrom('character_count', 'chunk_count', 'tokenizer')
  const delivered = fc.record({
    chunkCount: fc.nat({ max: 1_000 }),
    completionLength: fc.integer({ min: 1, max: 100_000 }),
  })
  fc.assert(fc.property(method, delivered, (by, what) => estimateCompletion(by, what) >= 1))
})

test('a report that leaves tokens out is completed, and never made smaller', () => {
  fc.assert(
    fc.property(fc.option(anyUsage), anyUsage, (reported, estimated) => {
      const usage = completeUsage(reported, estimated)
      expectSound(usage)
      expect(usage.promptTokens).toBe(reported?.promptTokens || estimated.promptTokens)
      expect(usage.completionTokens).toBe(reported?.completionTokens || estimated.completionTokens)
    }),
  )
})

test('an answer that never began is charged nothing', () => {
  fc.assert(
    fc.property(fc.option(anyUsage), anyUsage, fc.boolean(), (reported, estimated, answered) => {
      const delivered = { chunkCount: 0, completionLength: 0 }
      const charged = usageToCharge(
        {
          outcome: 'completed',
          delivered,
          reported,
          estimated,
          answered,
        },
        null,
      )
      expect(charged === null).toBe(!answered)
    }),
  )
})
