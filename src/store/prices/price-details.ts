import type { Price } from '../../domain/prices/price.ts'
import type { ClassPrices } from '../../domain/prices/price-classes.ts'
import type { DatedPrice, PriceHours } from '../../domain/prices/price-in-force.ts'
import {
  CLASS_NAMES,
  type ClassName,
  fillTerms,
  PART_NAMES,
  type PriceFields,
  type PriceTerms,
  specialOf,
  type TermsOfHours,
} from '../../domain/prices/price-terms.ts'
import { formatTime, parseTime } from '../../domain/prices/time-of-day.ts'
import { formatUsd, parseUsd } from '../../domain/prices/usd.ts'
import type { prices } from '../schema.ts'

type Amounts = { [name in ClassName]?: string }
type Step = Amounts & { above: number }

/** What few prices have beside their columns, as the admin API has it: decimal strings of USD. */
export type PriceDetails = Amounts & {
  tools?: Record<string, string>
  steps?: Step[]
  hours?: Hours[]
}
type Hours = Omit<PriceDetails, 'hours'> & { from: string; until: string; request: string }

type PriceRow = typeof prices.$inferSelect
type Columns = Pick<
  PriceRow,
  'input' | 'cachedInput' | 'output' | 'reasoning' | 'request' | 'details'
>

/** The terms of a price as columns. */
export function columnsOf(terms: PriceTerms, hours: readonly TermsOfHours[]): Columns {
  const { input, cachedInput, output, reasoning, request } = terms
  const more = { ...specialDetails(terms), ...(hours.length > 0 && { hours: hours.map(hoursOf) }) }
  const details = Object.keys(more).length === 0 ? null : more
  return { input, cachedInput, output, reasoning, request, details }
}

/** The price that a row is. @throws Error where somebody has written it who is not Tollkeeper */
export function datedPrice(row: PriceRow): DatedPrice {
  const { id, input, cachedInput, output, reasoning, request, effectiveFrom } = row
  const price = { id, input, cachedInput, output, reasoning, request, effectiveFrom }
  if (row.details === null) return price
  const { hours, ...details } = row.details as PriceDetails
  const special = specialOf(fillTerms(fieldsOf(details)))
  return {
    ...price,
    ...(special && { special }),
    ...(hours && { hours: hours.map((each) => priceHours(id, each)) }),
  }
}

function priceHours(id: string, { from, until, request, ...details }: Hours): PriceHours {
  const terms = fillTerms({ ...fieldsOf(details), request: usd(request) })
  const { parts, steps, tools, ...usual } = terms
  const special = specialOf({ parts, steps, tools })
  const price: Price = { id, ...usual, ...(special && { special }) }
  return { from: parseTime(from) ?? 0, until: parseTime(until) ?? 0, price }
}

function fieldsOf({ tools, steps, ...amounts }: Omit<PriceDetails, 'hours'>): PriceFields {
  return {
    ...eachUsd(amounts),
    ...(tools && { tools: eachUsd(tools) }),
    ...(steps && { steps: steps.map(({ above, ...each }) => ({ above, ...eachUsd(each) })) }),
  }
}

function specialDetails({ parts, tools, steps }: PriceTerms): PriceDetails {
  const isSet = (some: object) => Object.keys(some).length > 0
  return {
    ...partAmounts(parts),
    ...(isSet(tools) && { tools: eachText(tools) }),
    ...(isSet(steps) && {
      steps: steps.map((step) => ({ above: step.above, ...amountsOf(step) })),
    }),
  }
}

function hoursOf(terms: TermsOfHours): Hours {
  return {
    from: formatTime(terms.from),
    until: formatTime(terms.until),
    ...amountsOf(terms),
    ...specialDetails(terms),
    request: formatUsd(terms.request),
  }
}

function amountsOf(prices: ClassPrices): Amounts {
  const usual = Object.entries(CLASS_NAMES).map(([name, key]) => [name, formatUsd(prices[key])])
  return { ...Object.fromEntries(usual), ...partAmounts(prices.parts) }
}

function partAmounts(parts: ClassPrices['parts']): Amounts {
  const told = Object.entries(PART_NAMES).flatMap(([name, key]) => {
    const amount = parts[key]
    return amount === undefined ? [] : [[name, formatUsd(amount)]]
  })
  return Object.fromEntries(told)
}

function eachText(amounts: Readonly<Record<string, bigint>>): Record<string, string> {
  return Object.fromEntries(Object.entries(amounts).map(([name, each]) => [name, formatUsd(each)]))
}

function eachUsd(amounts: Record<string, string>): Record<string, bigint> {
  return Object.fromEntries(Object.entries(amounts).map(([name, text]) => [name, usd(text)]))
}

function usd(text: string): bigint {
  const nanoUsd = parseUsd(text)
  if (nanoUsd === null) throw new Error(`a price in the database is ${text}`)
  return nanoUsd
}
