import { expect, test } from 'vitest'
import type { Seen } from '../../drill/client.ts'
import { isExcused } from '../../drill/excuses.ts'
import { truthOf } from '../../drill/truth.ts'

const DIED = [{ from: 50_000, to: 50_010 }]

/** A stream of which only these parts matter. */
function stream(parts: Partial<Seen>): Seen {
  const instance = { killed: [], stopped: [], frozen: [] }
  const order = { leavesAt: null, tokens: 100, stream: true }
  const seen = { instance, order, account: { isPoor: false }, status: 200, retryAfter: null }
  const times = { sentAt: 49_000, headAt: 49_100, endedAt: 50_020 }
  return { ...seen, ...times, code: 'upstream_error', ending: 'broken', ...parts } as Seen
}

const excused = (seen: Seen) =>
  isExcused(seen, undefined, { ledgerAway: [], upstreamsDied: DIED, refusals: [] })

test('a stream may break when its upstream dies after its first byte, and only then', () => {
  expect(excused(stream({}))).toBe(true)
  expect(excused(stream({ endedAt: 49_500 }))).toBe(false)
  expect(excused(stream({ sentAt: 50_900, headAt: 51_000, endedAt: 52_000 }))).toBe(false)
})

test('a request that an upstream refused is never excused', () => {
  const refused = stream({ ending: 'refused', status: 502, headAt: 50_020 })
  expect(excused(refused)).toBe(false)
})

test('of a stream whose upstream took its books along the charge is bounded by the order', () => {
  const truth = truthOf(stream({ characters: 80 }), undefined, true)
  expect(truth).toMatchObject({ least: 2 + 20, most: 9 + 100, allowance: 0 })
})
