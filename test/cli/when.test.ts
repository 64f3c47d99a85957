import { expect, test } from 'vitest'
import { readDuration, readTime } from '../../src/cli/when.ts'

const NOW = new Date('2026-11-22T13:14:15.678Z')

test.each([
  ['now', '2026-11-22T13:14:15.678Z'],
  ['today', '2026-11-22T00:00:00.000Z'],
  ['yesterday', '2026-11-21T00:00:00.000Z'],
  ['tomorrow', '2026-11-23T00:00:00.000Z'],
  ['2026-12-01', '2026-12-01T00:00:00.000Z'],
  ['2028-02-29', '2028-02-29T00:00:00.000Z'],
  ['2026-12-01T09:30', '2026-12-01T09:30:00.000Z'],
  ['2026-12-01T09:30Z', '2026-12-01T09:30:00.000Z'],
  ['2026-12-01T09:30:15.5Z', '2026-12-01T09:30:15.500Z'],
  ['2026-12-01T00:30:00+01:00', '2026-11-30T23:30:00.000Z'],
])('the time %s is read in UTC, wherever we are', (text, expected) => {
  expect(readTime(text, NOW, 'ago')).toBe(expected)
  expect(readTime(text, NOW, 'ahead')).toBe(expected)
})

test('a duration as a time lies behind or ahead', () => {
  expect(readTime('24h', NOW, 'ago')).toBe('2026-11-21T13:14:15.678Z')
  expect(readTime('30m', NOW, 'ahead')).toBe('2026-11-22T13:44:15.678Z')
  expect(readTime('7d', NOW, 'ahead')).toBe('2026-11-29T13:14:15.678Z')
})

test.each([
  '',
  'soon',
  'constructor',
  '2026-02-30',
  '2026-13-01',
  '2026-12-01T25:00Z',
  '2026-12-1',
  '1764547200',
  '24',
  '0h',
  '-1h',
  '1.5h',
  '2 d',
])('%j is no time', (text) => {
  expect(() => readTime(text, NOW, 'ago')).toThrow(/^it must be a time like tomorrow, 2026-12-01/)
})

test('a duration is a number of minutes, hours or days', () => {
  expect(['30m', '24h', '7d'].map(readDuration)).toEqual([1_800_000, 86_400_000, 604_800_000])
  expect(() => readDuration('tomorrow')).toThrow('it must be a duration like 30m, 24h or 7d')
})
