import {
  CREDITS_MAX,
  formatCredits,
  type MicroCredits,
  parseCredits,
} from '../../domain/credits.ts'
import { readMoment } from '../../domain/moment.ts'
import { parseUsd } from '../../domain/prices/usd.ts'
import { invalidValue } from './refusals.ts'

const TIME_MAX = Date.UTC(10_000, 0) - 1

/** Credits that are not negative. @throws ProxyError invalid_value */
export function readCredits(param: string, text: string): MicroCredits {
  const amount = readSignedCredits(param, text)
  if (amount < 0n) throw invalidValue(param, `${param} must not be negative.`)
  return amount
}

/** Credits, whatever their sign. @throws ProxyError invalid_value */
export function readSignedCredits(param: string, text: string): MicroCredits {
  const amount = parseCredits(text)
  if (amount === null || amount > CREDITS_MAX || amount < -CREDITS_MAX) {
    const most = `at most ${formatCredits(CREDITS_MAX)}, with at most 6 digits after the point`
    const shape = `a decimal string of credits, ${most}`
    throw invalidValue(param, `${param} must be ${shape}, such as "12.5".`)
  }
  return amount
}

/** USD as nano-USD. @throws ProxyError invalid_value */
export function readUsd(param: string, text: string): bigint {
  const nanoUsd = parseUsd(text)
  if (nanoUsd === null) {
    const shape = 'a decimal string of USD with at most 9 digits before the point and 9 after'
    throw invalidValue(param, `${param} must be ${shape}, such as "2.5".`)
  }
  return nanoUsd
}

/**
 * A moment that both Postgres and JSON can name; in UTC where no zone is named.
 * @throws ProxyError invalid_value
 */
export function readTime(param: string, text: string): Date {
  const time = readMoment(text)
  if (time === null || time.getTime() < 0 || time.getTime() > TIME_MAX) {
    const shape = 'a time from 1970 to 9999, such as "2026-12-01" or "2026-12-01T09:30:00Z"'
    throw invalidValue(param, `${param} must be ${shape}.`)
  }
  return time
}
