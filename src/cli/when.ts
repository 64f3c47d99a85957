import { readMoment } from '../domain/moment.ts'

const DAY_MS = 86_400_000
const UNITS_MS = { m: 60_000, h: 3_600_000, d: DAY_MS }
const DAYS = { today: 0, yesterday: -DAY_MS, tomorrow: DAY_MS }

const DURATION = /^([1-9][0-9]{0,5})([mhd])$/

export const TIME_SHAPE = 'a time like tomorrow, 2026-12-01 or 2026-12-01T09:30Z (UTC), or 24h'

/**
 * Reads a moment in UTC: `now`, `today`, `yesterday`, `tomorrow` (midnight), a date, a date with a
 * time, or a duration.
 * @param sense whether a duration lies behind (`since 24h`) or ahead (`expires 24h`)
 * @throws Error with what is expected
 */
export function readTime(text: string, now: Date, sense: 'ago' | 'ahead'): string {
  if (text === 'now') return now.toISOString()
  if (Object.hasOwn(DAYS, text)) {
    const midnight = now.getTime() - (now.getTime() % DAY_MS)
    return new Date(midnight + DAYS[text as keyof typeof DAYS]).toISOString()
  }
  const duration = durationOf(text)
  if (duration !== null) {
    return new Date(now.getTime() + (sense === 'ago' ? -duration : duration)).toISOString()
  }
  const moment = readMoment(text)
  if (moment === null) throw new Error(`it must be ${TIME_SHAPE}`)
  return moment.toISOString()
}

/** Reads `30m`, `24h` or `7d` into milliseconds. @throws Error with what is expected */
export function readDuration(text: string): number {
  const duration = durationOf(text)
  if (duration === null) throw new Error('it must be a duration like 30m, 24h or 7d')
  return duration
}

function durationOf(text: string): number | null {
  const [, count, unit] = text.match(DURATION) ?? []
  return unit === undefined ? null : Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS]
}
