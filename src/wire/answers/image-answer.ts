import { IMAGE_OUTPUT_TOKENS, IMAGE_OUTPUT_TOKENS_MAX } from '../../domain/bounds.ts'
import { INPUT_NAMES, readUsage } from '../../domain/read-usage.ts'
import type { Usage } from '../../domain/usage.ts'
import { withParts } from '../../domain/usage-parts.ts'
import { NAMED_ERRORS } from '../error-shape.ts'
import type { EventReader } from '../sse/event-tap.ts'
import { type Answer, asObject, parseObject } from './answer.ts'

/** Images a request may ask for. */
export const IMAGES_MAX = 10

/** Bytes of an event with an image as base64 (W-63). */
export const IMAGE_EVENT_BYTES_MAX = 64 * 1024 * 1024

/** The most output tokens of so many images. */
export function imagesBound(count: number): number {
  return count * IMAGE_OUTPUT_TOKENS_MAX
}

/** Reads the answer of an endpoint that makes images. Never throws. */
export function readImages(body: string): Answer {
  const value = parseObject(body)
  const images = Array.isArray(value?.data) ? value.data.length : null
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
    asStream: null,
  }
}

/** Where nobody says what the output is, it is images. */
function readImageUsage(wire: unknown): Usage | null {
  const usage = readUsage(wire, INPUT_NAMES)
  if (usage === null || asObject(wire)?.output_tokens_details !== undefined) return usage
  return withParts(usage, { ...usage, outputImageTokens: usage.completionTokens })
}

/**
 * The events of a stream of images: parts of them, and each when it is complete, with the usage.
 * @param endpoint what the types of the events begin with
 */
export function imageEvents(endpoint: string): EventReader {
  const complete = `${endpoint}.completed`
  return {
    errors: NAMED_ERRORS,
    textOf: () => null,
    mediaTokensOf: (type) => (type === complete ? IMAGE_OUTPUT_TOKENS : 0),
    usageOf: ({ usage }) => readImageUsage(usage),
    endOf: (type) => (type === complete ? 'here' : null),
  }
}
