import fc from 'fast-check'
import { expect, test } from 'vitest'
import { clampedAtDearest, planDearest } from '../../src/domain/prices/dearest-plan.ts'
import { costBound } from '../../src/domain/prices/price.ts'
import { anyRate, tokens } from './arbitrary-rate.ts'

const limits = { requestsPerMinute: null, tokensPerMinute: null, concurrency: null }
const tier = {
  ...limits,
  name: 'any',
  models: null,
  markupPpm: 1_000_000n,
  maxOutputTokens: null,
  holdOutputTokens: null,
}
const model = { contextWindow: null, maxOutputTokens: null, holdOutputTokens: null }
const rates = fc.tuple(anyRate, anyRate, anyRate)
const request = fc.record({
  stream: fc.boolean(),
  choices: fc.integer({ min: 1, max: 5 }),
  promptTokens: tokens,
  outputLimit: fc.option(fc.integer({ min: 1, max: 100_000 })),
})

test('a hold covers its tokens at each rate that may apply, and at one of them exactly', () => {
  fc.assert(
    fc.property(request, rates, (asked, all) => {
      const plan = planDearest({ ...asked, model, tier }, all)
      const costs = all.map((rate) => costBound(plan.promptTokens, plan.outputTokens, rate))
      for (const cost of costs) expect(plan.amount >= cost).toBe(true)
      expect(costs).toContain(plan.amount)
    }),
  )
})

test('a limit lowered to what was granted can be paid at each rate', () => {
  fc.assert(
    fc.property(request, rates, fc.bigInt({ min: 0n, max: 1_000n }), (asked, all, share) => {
      const plan = planDearest({ ...asked, stream: false, model, tier }, all)
      const granted = plan.minimum + ((plan.amount - plan.minimum) * share) / 1_000n
      const limit = clampedAtDearest(plan, granted, asked.choices, all)
      if (limit === null) return
      for (const rate of all) {
        const cost = costBound(plan.promptTokens, limit * asked.choices, rate)
        expect(cost <= granted).toBe(true)
      }
    }),
  )
})
