import type { Rate } from './price.ts'
import type { ClassPrices } from './price-classes.ts'
import { CLASS_NAMES, PART_NAMES } from './price-terms.ts'

type Amounts = Record<string, string>

/** A rate as JSON, for the terms of a hold: nano-credits, under the names that prices have. */
export function rateTerms(rate: Rate) {
  const { special } = rate
  const usual = {
    ...amountsOf({ ...rate, parts: special?.parts ?? {} }),
    request: String(rate.request),
  }
  if (special === undefined) return usual
  const tools = Object.entries(special.tools).map(([name, amount]) => [name, String(amount)])
  return {
    ...usual,
    tools: Object.fromEntries(tools),
    steps: special.steps.map((step) => ({ above: step.above, ...amountsOf(step) })),
  }
}

function amountsOf(prices: ClassPrices): Amounts {
  const classes = Object.entries(CLASS_NAMES).map(([name, key]) => [name, String(prices[key])])
  const parts = Object.entries(PART_NAMES).flatMap(([name, key]) =>
    prices.parts[key] === undefined ? [] : [[name, String(prices.parts[key])]],
  )
  return Object.fromEntries([...classes, ...parts])
}
