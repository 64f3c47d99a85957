import { IMAGE_OUTPUT_TOKENS, IMAGE_OUTPUT_TOKENS_MAX } from '../../domain/bounds.ts'
import { INPUT_NAMES, readUsage } from '../../domain/usage/read-usage.ts'
import type { Usage } from '../../domain/usage/usage.ts'
import { withParts } from '../../domain/usage/usage-parts.ts'
import { NAMED_ERRORS } from '../error-shape.ts'
import type { Fields } from '../fields.ts'
import type { EventReader } from '../sse/event-tap.ts'
import { sseEvent } from '../sse/events.ts'
import { type Answer, asObject, parseObject } from './answer.ts'

/** Images a request may ask for. */
export const IMAGES_MAX = 10

/** Bytes of an event with an image as base64 (W-63). */
export const IMAGE_EVENT_BYTES_MAX = 64 * 1024 * 1024

/** The most output tokens of so many images. */
export function imagesBound(count: number): number {
  return count * IMAGE_OUTPUT_TOKENS_MAX
}

/**
 * Reads the answer of an endpoint that makes images. Never throws.
 * @param endpoint what the types of its events begin with
 */
export function readImages(endpoint: string, body: string): Answer {
  const value = parseObject(body)
  const data = Array.isArray(value?.data) ? value.data.map(asObject) : null
  const images = data?.length ?? null
  const isInline = data?.length && data.every((image) => typeof image?.b64_json === 'string')
  return {
    error: value?.error ?? null,
    isAnswer: images !== null,
    usage: readImageUsage(value?.usage),
    delivered: {
      chunkCount: 0,
      completionLength: 0,
      mediaTokens: (images ?? 0) * IMAGE_OUTPUT_TOKENS,
    },
    completion: '',
    edited: null,
    asStream: isInline && value ? () => imagesAsStream(`${endpoint}.completed`, value) : null,
  }
}

/** The events that say the same as images that came in one piece (W-69), the usage in the last. */
function imagesAsStream(type: string, { data, usage, created, ...rest }: Fields): string {
  const images = (data as Fields[]).map((image) => ({
    type,
    ...rest,
    created_at: created,
    ...image,
  }))
  const last = usage === undefined ? {} : { usage }
  return images
    .map((image, at) =>
      sseEvent(JSON.stringify(at < images.length - 1 ? image : { ...image, ...last }), type),
    )
    .join('')
}

/** Where nobody says what the output is, it is images. */
function readImageUsage(wire: unknown): Usage | null {
  const usage = readUsage(wire, INPUT_NAMES)
  if (usage === null || asObject(wire)?.output_tokens_details !== undefined) return usage
  return withParts(usage, { ...usage, outputImageTokens: usage.completionTokens })
}

/**
 * The events of one stream of images: parts of them, and each when it is complete, with the usage.
 * An image of which a part was delivered is worth what a whole one is: it has been made.
 * @param endpoint what the types of the events begin with
 */
export function imageEvents(endpoint: string): EventReader {
  const complete = `${endpoint}.completed`
  const partial = `${endpoint}.partial_image`
  let begun = 0
  let completed = 0
  return {
    errors: NAMED_ERRORS,
    textOf: () => null,
    mediaTokensOf(type, { partial_image_index: part }) {
      const before = Math.max(begun, completed)
      if (type === complete) completed += 1
      else if (type === partial && (part === 0 || begun === completed)) begun += 1
      return (Math.max(begun, completed) - before) * IMAGE_OUTPUT_TOKENS
    },
    usageOf: ({ usage }) => readImageUsage(usage),
    endOf: (type) => (type === complete ? 'here' : null),
  }
}
