import type { Rate } from './price.ts'
import type { ClassPrices } from './price-classes.ts'
import { CLASS_NAMES, PART_NAMES } from './price-terms.ts'

type Amounts = Record<string, string>

const CLASSES = Object.entries(CLASS_NAMES)
const PARTS = Object.entries(PART_NAMES)

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
  const amounts: Amounts = {}
  for (const [name, key] of CLASSES) amounts[name] = String(prices[key])
  for (const [name, key] of PARTS) {
    const amount = prices.parts[key]
    if (amount !== undefined) amounts[name] = String(amount)
  }
  return amounts
}
