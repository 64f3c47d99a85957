import { expect, test } from 'vitest'
import { RetryBudget } from '../../src/domain/routes/retry-budget.ts'
import { ProxyError } from '../../src/errors.ts'
import { Failover } from '../../src/upstream/routes/failover.ts'

const OTHER = { state: null }
const TIMEOUT = new ProxyError('upstream_timeout')

/** The routes of a request whose client waits 3 s, and the clock. */
function begun() {
  const clock = { nowMs: 0, now: () => clock.nowMs }
  const ports = { clock, budget: new RetryBudget() }
  const failover = new Failover(ports, { stream: true, others: [OTHER], patienceMs: 3_000 })
  return { clock, failover }
}

test('a route is not asked in the last half second of a client whose time the first had', () => {
  const { clock, failover } = begun()
  expect(failover.timeFor(120_000)).toBe(3_000)
  clock.nowMs = 2_501 // a timer of undici that came too early
  expect(failover.next(TIMEOUT)).toBeNull()
})

test('a route is asked when the first has had no more than its own time', () => {
  const { clock, failover } = begun()
  expect(failover.timeFor(2_700)).toBe(2_700)
  clock.nowMs = 2_700
  expect(failover.next(TIMEOUT)).toBe(OTHER)
  expect(failover.timeFor(2_700)).toBe(300)
})

test('a route is asked when the first fails long before the time of the client is over', () => {
  const { clock, failover } = begun()
  expect(failover.timeFor(120_000)).toBe(3_000)
  clock.nowMs = 2_000
  expect(failover.next(TIMEOUT)).toBe(OTHER)
})
