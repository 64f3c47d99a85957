import type { Usage } from '../usage/usage.ts'
import {
  type ClassPrices,
  costOfClasses,
  dearestOf,
  maximum,
  type PartPrices,
} from './price-classes.ts'

/** Other amounts for the whole call where its prompt has more than so many tokens. */
export type PriceStep = ClassPrices & { above: number }

/** What few prices have beside the four usual classes: amounts in the unit of the price itself. */
export type Special = {
  parts: PartPrices
  /** Ascending by `above`. */
  steps: readonly PriceStep[]
  /** A call of a hosted tool, by its name in `Usage.toolCalls`; others are free. */
  tools: Readonly<Record<string, bigint>>
}

/** What audio in a prompt is priced by. */
const INPUT_AUDIO = ['inputAudio', 'cachedInputAudio']

type SpecialPrice = Omit<ClassPrices, 'parts'> & { special: Special }

/** What the tokens of a usage cost, times a million: its prompt decides the step. */
export function specialCost(usage: Usage, price: SpecialPrice): bigint {
  return costOfClasses(usage, pricesFor(price, usage.promptTokens))
}

/** What the calls of hosted tools cost. */
export function toolCost({ toolCalls }: Usage, { tools }: Special): bigint {
  if (toolCalls === undefined) return 0n
  return Object.entries(toolCalls).reduce(
    (cost, [name, count]) => cost + amountOf(tools, name) * BigInt(count),
    0n,
  )
}

/** The most that a token of a prompt of at most so many, and one of its completion, can cost. */
export function dearestSpecial(
  price: SpecialPrice,
  promptTokens: number,
): { input: bigint; output: bigint } {
  const dearest = reachableSteps(price, promptTokens).map(dearestOf)
  return {
    input: maximum(dearest.map(({ input }) => input)),
    output: maximum(dearest.map(({ output }) => output)),
  }
}

/** The same with every amount times a factor. */
export function scaleSpecial({ parts, steps, tools }: Special, factor: bigint): Special {
  const scale = <Amounts extends object>(amounts: Amounts) =>
    Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, amount * factor]))
  return {
    parts: scale(parts),
    tools: scale(tools),
    steps: steps.map((step) => ({
      above: step.above,
      input: step.input * factor,
      cachedInput: step.cachedInput * factor,
      output: step.output * factor,
      reasoning: step.reasoning * factor,
      parts: scale(step.parts),
    })),
  }
}

/** The same for a call whose prompt has no audio: no token of it is of that class. */
export function withoutInputAudio(special: Special): Special {
  const strip = (parts: PartPrices): PartPrices =>
    Object.fromEntries(Object.entries(parts).filter(([name]) => !INPUT_AUDIO.includes(name)))
  const steps = special.steps.map((step) => ({ ...step, parts: strip(step.parts) }))
  return { ...special, parts: strip(special.parts), steps }
}

function amountOf(tools: Special['tools'], name: string): bigint {
  return Object.hasOwn(tools, name) ? (tools[name] ?? 0n) : 0n
}

/** The prices of a call whose prompt has so many tokens. */
function pricesFor(price: SpecialPrice, promptTokens: number): ClassPrices {
  return reachableSteps(price, promptTokens).at(-1) as ClassPrices
}

/** What is below every step, and the steps that a prompt of at most so many tokens can reach. */
function reachableSteps(price: SpecialPrice, promptTokens: number): ClassPrices[] {
  const { parts, steps } = price.special
  return [{ ...price, parts }, ...steps.filter(({ above }) => promptTokens > above)]
}
