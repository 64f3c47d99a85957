import { IMAGE_OUTPUT_TOKENS, IMAGE_OUTPUT_TOKENS_MAX } from '../domain/bounds.ts'
import { INPUT_NAMES, readUsage } from '../domain/usage.ts'
import { type Answer, parseObject } from './answer.ts'
import { NAMED_ERRORS } from './error-shape.ts'
import type { EventReader } from './event-tap.ts'

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
    usage: readUsage(value?.usage, INPUT_NAMES),
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
    usageOf: ({ usage }) => readUsage(usage, INPUT_NAMES),
    endOf: (type) => (type === complete ? 'here' : null),
  }
}
