import type { Usage } from '../usage/usage.ts'

/**
 * Classes of tokens that few prices tell apart. One that is left out costs what the class does that
 * it is part of; see `fillParts`.
 */
export const PART_CLASSES = [
  'cacheWrite',
  'cacheWrite1h',
  'inputAudio',
  'cachedInputAudio',
  'inputImage',
  'cachedInputImage',
  'outputAudio',
  'outputImage',
] as const

export type PartPrices = Readonly<Partial<Record<(typeof PART_CLASSES)[number], bigint>>>

/** An amount for a million tokens of each class. */
export type ClassPrices = {
  input: bigint
  cachedInput: bigint
  output: bigint
  reasoning: bigint
  parts: PartPrices
}

type TokenClass = 'input' | 'cachedInput' | 'output' | 'reasoning' | (typeof PART_CLASSES)[number]

/** Every class with its amount: those left out have that of the class they are part of. */
function fillParts(prices: ClassPrices): Record<TokenClass, bigint> {
  const { input, cachedInput, output, reasoning, parts } = prices
  const { cacheWrite = input, inputAudio = input, inputImage = input } = parts
  return {
    input,
    cachedInput,
    output,
    reasoning,
    cacheWrite,
    cacheWrite1h: parts.cacheWrite1h ?? cacheWrite,
    inputAudio,
    cachedInputAudio: parts.cachedInputAudio ?? parts.inputAudio ?? cachedInput,
    inputImage,
    cachedInputImage: parts.cachedInputImage ?? parts.inputImage ?? cachedInput,
    outputAudio: parts.outputAudio ?? output,
    outputImage: parts.outputImage ?? output,
  }
}

/** The tokens of a usage by class: each in one. */
export function countClasses(usage: Usage): Record<TokenClass, number> {
  const { promptTokens, cachedTokens, completionTokens, reasoningTokens: reasoning } = usage
  const { cacheWriteTokens: written = 0, cacheWrite1hTokens: cacheWrite1h = 0 } = usage
  const { inputAudioTokens: audio = 0, cachedAudioTokens: cachedInputAudio = 0 } = usage
  const { inputImageTokens: images = 0, cachedImageTokens: cachedInputImage = 0 } = usage
  const { outputAudioTokens: outputAudio = 0, outputImageTokens: outputImage = 0 } = usage
  const twice = cachedInputAudio + cachedInputImage
  return {
    input: promptTokens - cachedTokens - written - audio - images + twice,
    cachedInput: cachedTokens - twice,
    cacheWrite: written - cacheWrite1h,
    cacheWrite1h,
    inputAudio: audio - cachedInputAudio,
    cachedInputAudio,
    inputImage: images - cachedInputImage,
    cachedInputImage,
    output: completionTokens - reasoning - outputAudio - outputImage,
    reasoning,
    outputAudio,
    outputImage,
  }
}

/** What the tokens of a usage cost at these prices, times a million. */
export function costOfClasses(usage: Usage, prices: ClassPrices): bigint {
  const amounts = fillParts(prices)
  let cost = 0n
  for (const [name, count] of Object.entries(countClasses(usage))) {
    if (count !== 0) cost += BigInt(count) * amounts[name as TokenClass]
  }
  return cost
}

/** The most that a token of the prompt, and one of the completion, can cost. */
export function dearestOf(prices: ClassPrices): { input: bigint; output: bigint } {
  const { output, reasoning, outputAudio, outputImage, ...input } = fillParts(prices)
  return {
    input: maximum(Object.values(input)),
    output: maximum([output, reasoning, outputAudio, outputImage]),
  }
}

export function maximum(amounts: bigint[]): bigint {
  return amounts.reduce((most, amount) => (amount > most ? amount : most), 0n)
}
