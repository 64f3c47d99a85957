import type { ModelPrice } from '@pydantic/genai-prices'
import type { ClassName, PriceFields } from '../domain/prices/price-terms.ts'
import { nanoUsdOf } from './amounts.ts'

/** An entry of the catalogue that no price of ours can say exactly; its message tells why. */
export class NotImportable extends Error {}

/** Prices of a million tokens. */
const CLASSES: Readonly<Record<string, ClassName>> = {
  input_mtok: 'input',
  cache_read_mtok: 'cached_input',
  cache_write_mtok: 'cache_write',
  cache_write_1h_mtok: 'cache_write_1h',
  input_audio_mtok: 'input_audio',
  cache_audio_read_mtok: 'cached_input_audio',
  input_image_mtok: 'input_image',
  cache_image_read_mtok: 'cached_input_image',
  output_mtok: 'output',
  output_reasoning_mtok: 'reasoning',
  output_audio_mtok: 'output_audio',
  output_image_mtok: 'output_image',
}

/** Prices of 1,000 calls of a hosted tool, and the name under which answers report its calls. */
const TOOLS: Readonly<Record<string, string>> = {
  web_searches_kcount: 'web_search_call',
  storage_searches_kcount: 'file_search_call',
  social_searches_kcount: 'x_search_call',
}

const REQUESTS = 'requests_kcount'

/** 1,000 is 10 to this. */
const KILO = 3

type Tiered = { base: number; tiers: readonly { start: number; price: number }[] }
type Amounts = { [name in ClassName]?: bigint }

/**
 * A price of the catalogue in our terms.
 * @param isFree the model's name says so: no price at all is none then
 * @throws NotImportable
 */
export function termsOf(prices: ModelPrice, isFree: boolean): PriceFields {
  const entries = Object.entries(prices).flatMap(([key, price]): [string, number | Tiered][] =>
    price === undefined ? [] : [[key, price]],
  )
  if (entries.length === 0 && !isFree)
    throw new NotImportable('it has no price, and may be free or unknown')
  const unknown = entries.map(([key]) => key).filter((key) => !isKnown(key))
  if (unknown.length > 0) throw new NotImportable(`it has a price by ${unknown.join(' and ')}`)
  const steps = stepsOf(entries)
  const tools = toolsOf(entries)
  const { [REQUESTS]: request } = Object.fromEntries(entries)
  return {
    ...classesAt(entries, 0),
    ...(request !== undefined && { request: flat(REQUESTS, request) }),
    ...(Object.keys(tools).length > 0 && { tools }),
    ...(steps.length > 0 && { steps }),
  }
}

function isKnown(key: string): boolean {
  return Object.hasOwn(CLASSES, key) || Object.hasOwn(TOOLS, key) || key === REQUESTS
}

/** Each number of prompt tokens above which something changes, with all that holds there. */
function stepsOf(entries: [string, number | Tiered][]) {
  const starts = entries.flatMap(([, price]) =>
    typeof price === 'number' ? [] : price.tiers.map(({ start }) => start),
  )
  return [...new Set(starts)].map((above) => ({ above, ...classesAt(entries, above + 1) }))
}

/** The classes of a call whose prompt has so many tokens. */
function classesAt(entries: [string, number | Tiered][], promptTokens: number): Amounts {
  const amounts: Amounts = {}
  for (const [key, price] of entries) {
    const name = CLASSES[key]
    if (name === undefined) continue
    amounts[name] = exact(key, typeof price === 'number' ? price : tierOf(price, promptTokens), 0)
  }
  return amounts
}

function tierOf({ base, tiers }: Tiered, promptTokens: number): number {
  const reached = tiers.filter(({ start }) => promptTokens > start)
  return reached.sort((a, b) => a.start - b.start).at(-1)?.price ?? base
}

function toolsOf(entries: [string, number | Tiered][]): Record<string, bigint> {
  const priced = entries.flatMap(([key, price]) => {
    const name = TOOLS[key]
    return name === undefined ? [] : [[name, flat(key, price)]]
  })
  return Object.fromEntries(priced)
}

/** The price of one call, whatever its prompt. */
function flat(key: string, price: number | Tiered): bigint {
  if (typeof price !== 'number') throw new NotImportable(`its ${key} depends on the prompt`)
  return exact(key, price, KILO)
}

function exact(key: string, price: number, shift: number): bigint {
  const nanoUsd = nanoUsdOf(price, shift)
  if (nanoUsd !== null) return nanoUsd
  throw new NotImportable(`its ${key} of ${price} is not exact in 9 decimals of a USD`)
}
