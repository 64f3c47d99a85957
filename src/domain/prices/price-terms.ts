import type { ClassPrices, PART_CLASSES } from './price-classes.ts'
import type { PriceStep, Special } from './special-price.ts'

/** The classes of a price under their names outside, as in `POST /admin/prices`. */
export const CLASS_NAMES = {
  input: 'input',
  cached_input: 'cachedInput',
  output: 'output',
  reasoning: 'reasoning',
} as const

export const PART_NAMES = {
  cache_write: 'cacheWrite',
  cache_write_1h: 'cacheWrite1h',
  input_audio: 'inputAudio',
  cached_input_audio: 'cachedInputAudio',
  input_image: 'inputImage',
  cached_input_image: 'cachedInputImage',
  output_audio: 'outputAudio',
  output_image: 'outputImage',
} as const satisfies Record<string, (typeof PART_CLASSES)[number]>

export type ClassName = keyof typeof CLASS_NAMES | keyof typeof PART_NAMES
export type ClassAmounts = Partial<Record<ClassName, bigint>>

/** What was said of a price: amounts in nano-USD. */
export type PriceFields = ClassAmounts & {
  request?: bigint
  tools?: Readonly<Record<string, bigint>>
  steps?: readonly (ClassAmounts & { above: number })[]
}

/** What a call costs, said in full: nano-USD a million tokens, a call, a call of a tool. */
export type PriceTerms = Omit<ClassPrices, 'parts'> & Special & { request: bigint }

/** Other terms every day, in seconds since midnight, UTC; see `PriceHours`. */
export type TermsOfHours = PriceTerms & { from: number; until: number }

/**
 * Fills what was left out: a class costs what the class does that it is part of, in a step what the
 * price itself says of it, and input, output, requests and tools that nobody priced are free.
 */
export function fillTerms(fields: PriceFields): PriceTerms {
  const { request = 0n, tools = {}, steps = [], ...amounts } = fields
  return {
    ...fillClasses(amounts),
    request,
    tools,
    steps: steps
      .map(
        ({ above, ...other }): PriceStep => ({ above, ...fillClasses({ ...amounts, ...other }) }),
      )
      .sort((a, b) => a.above - b.above),
  }
}

function fillClasses(amounts: ClassAmounts): ClassPrices {
  const { input = 0n, output = 0n } = amounts
  const { cached_input: cachedInput = input, reasoning = output } = amounts
  const parts = Object.entries(PART_NAMES).flatMap(([name, part]) => {
    const amount = amounts[name as ClassName]
    return amount === undefined ? [] : [[part, amount]]
  })
  return { input, cachedInput, output, reasoning, parts: Object.fromEntries(parts) }
}

/** What is beside the usual classes; undefined where there is nothing. */
export function specialOf({ parts, steps, tools }: Special): Special | undefined {
  const isUsual = [parts, steps, tools].every((some) => Object.keys(some).length === 0)
  return isUsual ? undefined : { parts, steps, tools }
}
