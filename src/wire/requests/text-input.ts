import { type Fields, invalid, requiredTextOrArray } from '../fields.ts'
import { emptyPrompt, type PromptMeasure, type PromptText } from './prompt.ts'
import { weightOfOthers } from './weight.ts'

/** A text, or the ids of its tokens. */
type TextOrIds = string | number[]

/** Texts of one request: more than any upstream takes, and each costs an answer. */
export const INPUTS_MAX = 2_048

/**
 * Reads an input that is a text, a list of texts, the ids of a text's tokens, or a list of those.
 * @returns one element a text
 * @throws ProxyError missing_required_parameter, invalid_value
 */
export function readInput(fields: Fields, name: string): TextOrIds[] {
  const input = requiredTextOrArray(fields, name)
  if (typeof input === 'string') return [input]
  if (input.length === 0) throw invalid(name, `"${name}" must not be empty.`)
  if (isIds(input)) return [input]
  if (input.length > INPUTS_MAX) {
    throw invalid(name, `"${name}" must not have more than ${INPUTS_MAX} elements.`)
  }
  for (const one of input) {
    if (typeof one === 'string' || (Array.isArray(one) && isIds(one))) continue
    throw invalid(name, `"${name}" must have strings or arrays of token ids.`)
  }
  return input as TextOrIds[]
}

/** An id takes two bytes of a body or more, so that the bytes bound ids as well as text. */
export function measureInput(bytes: number, input: readonly TextOrIds[]): PromptMeasure {
  const measure = emptyPrompt(bytes)
  for (const one of input) {
    if (typeof one === 'string') measure.characters += one.length
    else measure.tokens += one.length
  }
  return measure
}

/** The same for an exact count, of the fields of these names; ids are counted already. */
export function inputText(fields: Fields, names: readonly string[]): PromptText {
  const parts = names.map((name) => fields[name])
  const all = parts.flatMap((part) => (Array.isArray(part) && !isIds(part) ? part : [part]))
  const texts = all.filter((one) => typeof one === 'string')
  const ids = all.filter(Array.isArray).reduce((sum, one) => sum + one.length, 0)
  return { text: texts.join('\n'), overhead: ids + weightOfOthers(fields, names) }
}

function isIds(input: readonly unknown[]): input is number[] {
  return input.every((one) => Number.isInteger(one))
}
