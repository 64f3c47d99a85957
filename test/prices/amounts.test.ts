import { expect, test } from 'vitest'
import { nanoUsdOf } from '../../src/prices/amounts.ts'

test.for<[number, bigint | null]>([
  [0, 0n],
  [2.5, 2_500_000_000n],
  [150, 150_000_000_000n],
  [0.000000001, 1n],
  [0.18000000000000002, 180_000_000n], // what floating point makes of 0.18
  [0.08333333333333334, null],
  [0.0000000001, null],
  [1e9, null],
])('%s USD of a catalogue are %s nano-USD, or too fine', ([price, nanoUsd]) => {
  expect(nanoUsdOf(price)).toBe(nanoUsd)
})

test('a price of 1,000 calls is divided by 1,000 exactly', () => {
  expect([nanoUsdOf(12, 3), nanoUsdOf(0.000001, 3), nanoUsdOf(0.0000001, 3)]).toEqual([
    12_000_000n,
    1n,
    null,
  ])
})
