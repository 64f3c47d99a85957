import { afterEach, expect, test, vi } from 'vitest'
import { readMoment } from '../../src/domain/moment.ts'

afterEach(() => vi.unstubAllEnvs())

test.each([
  ['2026-12-01', '2026-12-01T00:00:00.000Z'],
  ['2028-02-29', '2028-02-29T00:00:00.000Z'],
  ['2026-12-01T09:30', '2026-12-01T09:30:00.000Z'],
  ['2026-12-01 09:30:15', '2026-12-01T09:30:15.000Z'],
  ['2026-12-01t09:30:15.123456z', '2026-12-01T09:30:15.123Z'],
  ['2026-12-01T00:30:00+01:00', '2026-11-30T23:30:00.000Z'],
  ['2026-12-01T00:30:00-0130', '2026-12-01T02:00:00.000Z'],
])('the moment %s is the same in every zone that a process runs in', (text, expected) => {
  for (const zone of ['UTC', 'America/New_York', 'Pacific/Kiritimati']) {
    vi.stubEnv('TZ', zone)
    expect(readMoment(text)?.toISOString()).toBe(expected)
  }
})

test.each([
  ['2026-02-29', '2026-02-30', '2026-04-31', '2026-13-01', '2026-00-10'],
  ['1', '2026', '2026-12', '12/01/2026', 'Dec 1 2026', '1764547200000'],
  ['', ' 2026-12-01', '2026-12-01T', '2026-12-01T25:00Z', '2026-12-31T23:59:60Z'],
])('%j and the like are no moments', (...texts) => {
  for (const text of texts) expect(readMoment(text)).toBeNull()
})
