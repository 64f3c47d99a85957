import { audioBound, type PromptSize } from '../../domain/bounds.ts'
import { isRecord } from '../../domain/is-record.ts'
import { tokensOfCharacters } from '../../domain/usage/estimate.ts'
import { estimateImage, imageBound } from '../../domain/usage/image-tokens.ts'
import type { Fields } from '../fields.ts'
import { jsonOf } from '../json/json-depth.ts'
import { imageSize } from './image-size.ts'
import { weightOf, weightOfOthers } from './weight.ts'

/** What a prompt weighs, measured without a tokenizer. */
export type PromptMeasure = PromptSize & {
  /** Characters of all text a model reads: the ground of an estimate. */
  characters: number
  /** Tokens that are no text: ids, characters of what is sold by the character, images. */
  tokens: number
}

/** A prompt as text, for an exact count, and the most tokens that stand around it. */
export type PromptText = { text: string; overhead: number }

/** Members of messages and items that a model reads as text, or that lead there. */
const TEXT_MEMBERS = new Set([
  'content',
  'text',
  'refusal',
  'tool_calls',
  'function',
  'custom',
  'arguments',
  'output',
  'summary',
  'thinking',
])

/** Nesting of messages that is looked into; what is deeper is bounded by the body's bytes. */
const DEPTH_MAX = 16

/** Some upstreams fetch audio, and take a URL in its stead. */
const PLACE = /^\w+:\/\//

/** Tokens a chat template adds around a message, at most. */
const TEMPLATE_TOKENS_PER_MESSAGE = 8

/** The measure of a prompt of these bytes, in which nothing is read yet. */
export function emptyPrompt(bytes: number): PromptMeasure {
  return { bytes, binaryBytes: 0, mediaTokens: 0, characters: 0, tokens: 0 }
}

/** Tokens a prompt is worth where nobody counted or reported them. */
export function estimatePrompt({ tokens, characters }: PromptMeasure): number {
  return tokens + tokensOfCharacters(characters)
}

/**
 * Walks messages, in any API's form, once.
 * @param parts texts, messages or items, any JSON values; what is not understood weighs nothing
 * here and is bounded by the body's bytes
 */
export function measurePrompt(bytes: number, ...parts: unknown[]): PromptMeasure {
  const measure = emptyPrompt(bytes)
  const reader = {
    text: (text: string) => {
      measure.characters += text.length
    },
  }
  for (const part of parts) walk(part, measure, reader, 0)
  return measure
}

/**
 * The measure of a prompt with the tools and schemas that a model reads beside it, as JSON (W-98).
 * @param definitions undefined ones weigh nothing
 */
export function withDefinitions(measure: PromptMeasure, ...definitions: unknown[]): PromptMeasure {
  const given = definitions.filter((one) => one !== undefined && one !== null)
  const characters = given.reduce<number>((sum, one) => sum + charactersOf(one), 0)
  return { ...measure, characters: measure.characters + characters }
}

/**
 * All text of a prompt, for an exact count. What else is in the body, such as a file, is bounded by
 * its bytes, as it is without a count.
 * @param parts the fields with texts, messages or items
 * @param definitions those with tools and schemas, which a model reads as JSON
 */
export function promptText(
  fields: Fields,
  parts: readonly string[],
  definitions: readonly string[],
): PromptText {
  const texts: string[] = []
  const measure = emptyPrompt(0)
  let unread = weightOfOthers(fields, [...parts, ...definitions])
  const reader = {
    text: (text: string) => texts.push(text),
    other: (value: unknown) => {
      unread += weightOf(value)
    },
  }
  for (const name of parts) walk(fields[name], measure, reader, 0)
  for (const name of definitions) if (fields[name] !== undefined) readJson(fields[name], reader)
  const messages = parts.reduce((sum, name) => sum + lengthOf(fields[name]), 0)
  const overhead = Math.max(messages * TEMPLATE_TOKENS_PER_MESSAGE, unread)
  return { text: texts.join('\n'), overhead }
}

/** Messages in a part of a prompt: a text is one. */
function lengthOf(part: unknown): number {
  return Array.isArray(part) ? part.length : typeof part === 'string' ? 1 : 0
}

function charactersOf(definition: unknown): number {
  return jsonOf(definition)?.length ?? weightOf(definition)
}

/** Reads what a model reads as JSON. */
function readJson(value: unknown, reader: Reader): void {
  const text = jsonOf(value)
  if (text === null) reader.other?.(value)
  else reader.text(text)
}

/** Gets the texts of a prompt, and all that is neither text nor an image or audio. */
type Reader = { text(text: string): void; other?(value: unknown): void }

function walk(value: unknown, measure: PromptMeasure, reader: Reader, depth: number): void {
  if (typeof value === 'string') reader.text(value)
  else if (!isRecord(value)) return
  else if (depth > DEPTH_MAX) reader.other?.(value)
  else if (Array.isArray(value)) for (const one of value) walk(one, measure, reader, depth + 1)
  else {
    for (const name of TEXT_MEMBERS) {
      if (value[name] !== undefined) walk(value[name], measure, reader, depth + 1)
    }
    const { input } = value // of a tool: arguments, or free text
    if (isRecord(input)) readJson(input, reader)
    else if (typeof input === 'string') reader.text(input)
    const media = measureMedia(value, measure)
    if (reader.other === undefined) return
    for (const [name, one] of Object.entries(value)) {
      const isInput = name === 'input' && (isRecord(one) || typeof one === 'string')
      if (!isInput && !TEXT_MEMBERS.has(name) && name !== media) reader.other(one)
    }
  }
}

/**
 * Images and audio, as chat completions, responses and messages have them.
 * @returns the member that has one; null where there is none
 */
function measureMedia(part: Record<string, unknown>, measure: PromptMeasure): string | null {
  if (part.image_url !== undefined) {
    const { image_url: image } = part
    const url = isRecord(image) ? image.url : image
    const isInline = typeof url === 'string' && url.startsWith('data:')
    if (isInline && !url.startsWith('data:image/')) return null // a document, say
    addImage(measure, isInline ? url : null, isRecord(image) ? image.detail : part.detail)
    return 'image_url'
  }
  if (part.type === 'image') {
    addImage(measure, isRecord(part.source) ? part.source.data : null, part.detail)
    return 'source'
  }
  if (part.input_audio !== undefined) {
    const { input_audio: audio } = part
    const data = isRecord(audio) ? audio.data : null
    const isInline = typeof data === 'string' && !PLACE.test(data)
    addMedia(measure, audioBound(isInline ? data.length : Number.POSITIVE_INFINITY), data)
    return 'input_audio'
  }
  return null
}

/** @param inline the image itself, where it is in the body */
function addImage(measure: PromptMeasure, inline: unknown, detail: unknown): void {
  const size = typeof inline === 'string' ? imageSize(inline) : null
  measure.tokens += estimateImage(size, detail)
  addMedia(measure, imageBound(size), inline)
}

function addMedia(measure: PromptMeasure, tokens: number, inline: unknown): void {
  measure.mediaTokens += tokens
  if (typeof inline === 'string') measure.binaryBytes += inline.length
}
