import { expect, test } from 'vitest'
import { type DatedPrice, priceInForce } from '../../src/domain/prices/price-in-force.ts'
import { formatTime, parseTime } from '../../src/domain/prices/time-of-day.ts'

const price = (id: string) => ({
  ...{ id, input: 1n, cachedInput: 1n, output: 1n, reasoning: 1n, request: 0n },
})
const hours = (id: string, from: string, until: string) => ({
  from: parseTime(from) as number,
  until: parseTime(until) as number,
  price: price(id),
})
const dated: DatedPrice[] = [
  { ...price('march'), effectiveFrom: new Date('2026-03-01T00:00:00Z') },
  {
    ...price('february'),
    effectiveFrom: new Date('2026-02-01T00:00:00Z'),
    hours: [hours('night', '22:00', '06:30'), hours('evening', '18:00', '23:00')],
  },
]

test.for([
  ['2026-01-31T23:59:59.999Z', null],
  ['2026-02-01T00:00:00.000Z', 'night'],
  ['2026-02-10T06:29:59.999Z', 'night'],
  ['2026-02-10T06:30:00.000Z', 'february'],
  ['2026-02-10T18:00:00.000Z', 'evening'],
  ['2026-02-10T22:00:00.000Z', 'night'],
  ['2026-02-28T23:59:59.999Z', 'night'],
  ['2026-03-01T00:00:00.000Z', 'march'],
] as const)('at %s the price of the date and the hour is in force: %s', ([at, id]) => {
  expect(priceInForce(dated, new Date(at))?.id ?? null).toBe(id)
})

test.for(['00:00', '06:30', '23:59:59'])('the time of day %s is written as it is read', (text) => {
  expect(formatTime(parseTime(text) as number)).toBe(text)
})

test.for(['24:00', '6:30', '06:60', '06:30:60', 'noon', ''])('"%s" is no time of day', (text) => {
  expect(parseTime(text)).toBe(null)
})
