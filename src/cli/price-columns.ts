import { PART_NAMES } from '../domain/prices/price-terms.ts'
import { type Columns, moment } from './table.ts'

type Amounts = Partial<Record<keyof typeof PART_NAMES, string>>
type Step = Amounts & { above: number; input: string; output: string }
type Hours = Amounts & { from: string; until: string; input: string; output: string }

/** A price as the admin API has it. */
export type Price = Amounts & {
  provider: string
  model: string
  effective_from: string
  input: string
  cached_input: string
  output: string
  reasoning: string
  request: string
  tools?: Record<string, string>
  steps?: Step[]
  hours?: Hours[]
  source: string
}

const USUAL: Columns<Price> = {
  provider: (price) => price.provider,
  model: (price) => price.model,
  from: (price) => moment(price.effective_from),
  input: (price) => price.input,
  'cached input': (price) => price.cached_input,
  output: (price) => price.output,
  reasoning: (price) => price.reasoning,
  request: (price) => price.request,
}

const PARTS: Columns<Price> = Object.fromEntries(
  Object.keys(PART_NAMES).map((name) => [
    name.replaceAll('_', ' '),
    (price: Price) => price[name as keyof Amounts],
  ]),
)

const RARE: Columns<Price> = {
  ...PARTS,
  tools: ({ tools }) => tools && Object.entries(tools).map(([name, usd]) => `${name} ${usd}`),
  steps: ({ steps }) => steps?.map((step) => `above ${step.above}: ${amountsOf(step)}`),
  hours: ({ hours }) => hours?.map((one) => `${one.from}-${one.until}: ${amountsOf(one)}`),
  source: ({ source }) => (source === 'manual' ? null : source),
}

function amountsOf({ input, output }: { input: string; output: string }): string {
  return `input ${input} output ${output}`
}

/** The usual columns, and of the others those in which there is something. */
export function priceColumns(prices: readonly Price[]): Columns<Price> {
  const told = Object.entries(RARE).filter(([, find]) => prices.some((price) => find(price)))
  return { ...USUAL, ...Object.fromEntries(told) }
}
