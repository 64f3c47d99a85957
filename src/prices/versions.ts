import type { ConditionalPrice, ModelInfo } from '@pydantic/genai-prices'
import { fillTerms, type PriceTerms, type TermsOfHours } from '../domain/prices/price-terms.ts'
import { NotImportable, termsOf } from './terms.ts'

/** What a model costs from a date on. */
export type PriceVersion = {
  effectiveFrom: Date
  terms: PriceTerms
  hours: TermsOfHours[]
}

/** How models are named that cost nothing. */
const FREE = ':free'

const TIME = /^(\d{2}):(\d{2}):(\d{2})(?:\.0+)?(?:Z|([+-])(\d{2}):(\d{2}))$/
const DAY_S = 86_400

/**
 * The prices of a model from a time on: the one that is in force then, and each later one from its
 * date on.
 * @throws NotImportable
 */
export function versionsOf({ id, prices }: ModelInfo, from: Date): PriceVersion[] {
  const conditional = Array.isArray(prices) ? prices : [{ prices }]
  const dates = conditional.map(startOf).filter((date) => date !== null && date > from) as Date[]
  const moments = [from, ...dates.sort((a, b) => a.getTime() - b.getTime())]
  const isFree = id.endsWith(FREE)
  return moments.map((date) => versionAt(conditional, date, isFree))
}

/**
 * The last whose condition holds decides: hours come before all that stands above them, down to the
 * first that holds all day.
 */
function versionAt(
  conditional: readonly ConditionalPrice[],
  effectiveFrom: Date,
  isFree: boolean,
): PriceVersion {
  const hours: TermsOfHours[] = []
  for (const one of conditional.toReversed()) {
    const { constraint, prices } = one
    if (constraint?.type === 'time_of_date') {
      hours.push({ ...fillTerms(termsOf(prices, isFree)), ...timesOf(constraint) })
      continue
    }
    const start = startOf(one)
    if (start !== null && start > effectiveFrom) continue
    return { effectiveFrom, terms: fillTerms(termsOf(prices, isFree)), hours }
  }
  const [first] = conditional // holds where nothing else does
  if (first === undefined) throw new NotImportable('it has no price')
  return { effectiveFrom, terms: fillTerms(termsOf(first.prices, isFree)), hours }
}

function startOf({ constraint }: Pick<ConditionalPrice, 'constraint'>): Date | null {
  return constraint?.type === 'start_date' ? new Date(constraint.start_date) : null
}

function timesOf({ start_time, end_time }: { start_time: string; end_time: string }) {
  const times = { from: secondOf(start_time), until: secondOf(end_time) }
  if (times.from === times.until) throw new NotImportable('it has hours that never come')
  return times
}

/** Seconds since midnight, UTC. */
function secondOf(text: string): number {
  const [, hours, minutes, seconds, sign, aheadHours = '0', aheadMinutes = '0'] =
    text.match(TIME) ?? []
  if (hours === undefined) throw new NotImportable(`it has hours that begin or end at ${text}`)
  const second = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)
  const ahead = (Number(aheadHours) * 60 + Number(aheadMinutes)) * 60
  return (second - (sign === '-' ? -ahead : ahead) + DAY_S) % DAY_S
}
