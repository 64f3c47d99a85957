import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RETRY_BURST, RetryBudget } from '../../src/domain/routes/retry-budget.ts'

const NOW = 5_000_000

/** How many retries it allows in a row. */
function allowed(budget: RetryBudget, nowMs: number): number {
  let count = 0
  while (budget.take(nowMs)) count += 1
  return count
}

test('without a request a burst is allowed, and no more', () => {
  expect(allowed(new RetryBudget(), NOW)).toBe(RETRY_BURST)
})

test('a fifth of the requests may be retried on top of the burst', () => {
  const budget = new RetryBudget()
  for (let at = 0; at < 1_000; at += 1) budget.requested(NOW)
  expect(allowed(budget, NOW)).toBe(RETRY_BURST + 200)
})

test('what is spent comes back after ten seconds, and what was earned goes', () => {
  const budget = new RetryBudget()
  for (let at = 0; at < 1_000; at += 1) budget.requested(NOW)
  expect(allowed(budget, NOW)).toBe(RETRY_BURST + 200)
  expect(allowed(budget, NOW + 9_000)).toBe(0)
  expect(allowed(budget, NOW + 11_000)).toBe(RETRY_BURST)
})

test('in any ten seconds no more is retried than the last of them allowed, whatever comes when', () => {
  const step = fc.record({
    afterMs: fc.integer({ min: 0, max: 4_000 }),
    requests: fc.integer({ min: 0, max: 50 }),
    retries: fc.integer({ min: 0, max: 120 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const budget = new RetryBudget()
      const taken: number[] = []
      const asked: number[] = []
      let now = NOW
      for (const { afterMs, requests, retries } of steps) {
        now += afterMs
        for (let at = 0; at < requests; at += 1) {
          budget.requested(now)
          asked.push(now)
        }
        for (let at = 0; at < retries; at += 1) if (budget.take(now)) taken.push(now)
        const since = (Math.floor(now / 1_000) - 9) * 1_000
        const after = (times: number[], ms: number) => times.filter((time) => time >= ms).length
        const earned = 0.2 * after(asked, since - 10_000)
        expect(after(taken, since)).toBeLessThanOrEqual(RETRY_BURST + earned)
      }
    }),
  )
})
