import { AUDIO_TOKENS_MAX, type PromptSize } from '../domain/bounds.ts'
import { tokensOfCharacters } from '../domain/estimate.ts'
import { estimateImage, imageBound } from '../domain/image-tokens.ts'
import { isRecord } from '../domain/is-record.ts'
import { imageSize } from './image-size.ts'

/** What a prompt weighs, measured without a tokenizer. */
export type PromptMeasure = PromptSize & {
  /** Characters of all text a model reads: the ground of an estimate. */
  characters: number
  /** Tokens that are no text: ids, characters of what is sold by the character, images. */
  tokens: number
}

/** A prompt as text, for an exact count, and the tokens that stand around it. */
export type PromptText = { text: string; overhead: number }

/** Members of messages and items that a model reads as text, or that lead there. */
const TEXT_MEMBERS = [
  'content',
  'text',
  'refusal',
  'tool_calls',
  'function',
  'arguments',
  'output',
  'summary',
  'thinking',
] as const

/** Nesting of messages that is looked into; what is deeper is bounded by the body's bytes. */
const DEPTH_MAX = 16

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
  const addText = (text: string) => {
    measure.characters += text.length
  }
  for (const part of parts) walk(part, measure, addText, 0)
  return measure
}

/**
 * The measure of a prompt with the tools and schemas that a model reads beside it, as JSON (W-98).
 * @param definitions undefined ones weigh nothing
 */
export function withDefinitions(measure: PromptMeasure, ...definitions: unknown[]): PromptMeasure {
  const given = definitions.filter((one) => one !== undefined && one !== null)
  const characters = given.reduce<number>((sum, one) => sum + JSON.stringify(one).length, 0)
  return { ...measure, characters: measure.characters + characters }
}

/**
 * All text of a prompt, for an exact count.
 * @param parts as above
 * @param definitions tools and schemas, which a model reads as JSON
 */
export function promptText(parts: unknown[], definitions: unknown[]): PromptText {
  const texts: string[] = []
  const measure = emptyPrompt(0)
  for (const part of parts) walk(part, measure, (text) => texts.push(text), 0)
  for (const one of definitions) if (one !== undefined) texts.push(JSON.stringify(one))
  const messages = parts.reduce<number>((sum, part) => sum + lengthOf(part), 0)
  return { text: texts.join('\n'), overhead: messages * TEMPLATE_TOKENS_PER_MESSAGE }
}

/** Messages in a part of a prompt: a text is one. */
function lengthOf(part: unknown): number {
  return Array.isArray(part) ? part.length : typeof part === 'string' ? 1 : 0
}

function walk(
  value: unknown,
  measure: PromptMeasure,
  addText: (text: string) => void,
  depth: number,
): void {
  if (typeof value === 'string') addText(value)
  else if (!isRecord(value) || depth > DEPTH_MAX) return
  else if (Array.isArray(value)) for (const one of value) walk(one, measure, addText, depth + 1)
  else {
    for (const name of TEXT_MEMBERS) {
      if (value[name] !== undefined) walk(value[name], measure, addText, depth + 1)
    }
    if (isRecord(value.input)) addText(JSON.stringify(value.input)) // of a tool, in messages
    measureMedia(value, measure)
  }
}

/** Images and audio, as chat completions, responses and messages have them. */
function measureMedia(part: Record<string, unknown>, measure: PromptMeasure): void {
  if (part.image_url !== undefined) {
    const { image_url: image } = part
    const url = isRecord(image) ? image.url : image
    const isInline = typeof url === 'string' && url.startsWith('data:')
    addImage(measure, isInline ? url : null, isRecord(image) ? image.detail : part.detail)
  } else if (part.type === 'image') {
    addImage(measure, isRecord(part.source) ? part.source.data : null, part.detail)
  } else if (part.input_audio !== undefined) {
    const { input_audio: audio } = part
    addMedia(measure, AUDIO_TOKENS_MAX, isRecord(audio) ? audio.data : null)
  }
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
