import { eventText } from '../answers/chunk.ts'
import { finalUsage, type Script } from '../answers/script.ts'
import type { Dialect, Telling } from '../dialect.ts'
import { badField } from '../problem.ts'
import { readForm } from '../questions/form.ts'
import {
  parseBody,
  type Question,
  readCount,
  readModel,
  readStream,
  readUser,
} from '../questions/question.ts'
import { readTuning } from '../questions/tuning.ts'
import { tokensOf } from '../tokens.ts'
import { failureEvent, namedEvent, withUsage } from './named.ts'

/** Tokens of one image, as the sandbox counts. */
export const IMAGE_TOKENS = 1_056
/** Images of one call. */
const IMAGES_MAX = 10
/** Parts of an image that a stream shows before it is complete. */
const PARTS_MAX = 3

/** A PNG of one pixel. */
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

/** The dialect of an endpoint that makes images, whose events begin with this. */
function imageDialect(prefix: string): Dialect {
  return {
    tokens: ({ request }) => request.choices * IMAGE_TOKENS,
    tell: (script) => tellImages(script, prefix),
    whole({ envelope, request }, usage) {
      const data = Array.from({ length: request.choices }, () => ({ b64_json: PIXEL }))
      return withUsage({ created: envelope.created, data }, usage)
    },
  }
}

/** What is read of a request for images, from JSON or from a form. */
function readImageFields(dialect: Dialect, body: Record<string, unknown>): Question {
  const { prompt } = body
  return {
    dialect,
    body,
    model: readModel(body),
    stream: readStream(body),
    user: readUser(body),
    includeUsage: true,
    choices: readCount(body, 'n', IMAGES_MAX) ?? 1,
    limitTokens: null,
    said: '',
    promptTokens: tokensOf(typeof prompt === 'string' ? prompt.length : 0),
    tuning: readTuning(body.sandbox),
  }
}

const GENERATIONS = imageDialect('image_generation')
const EDITS = imageDialect('image_edit')

/** POST /images/generations. */
export function readGeneration(text: string): Question {
  return readImageFields(GENERATIONS, parseBody(text))
}

/** POST /images/edits. */
export async function readEdit(text: string, contentType: string): Promise<Question> {
  const { texts, files } = await readForm(text, contentType)
  if (files.length === 0) throw badField('image', 'it must be a file')
  return readImageFields(EDITS, texts)
}

/** Parts of each image, then the image; usage is told with the last one. */
function tellImages(script: Script, prefix: string): Telling {
  const { card, request } = script
  const parts = readCount(request.body, 'partial_images', PARTS_MAX) ?? 0
  const last = request.choices - 1
  const part = (at: number) =>
    namedEvent(card, `${prefix}.partial_image`, { b64_json: PIXEL, partial_image_index: at })
  const image = (index: number) => {
    const type = `${prefix}.completed`
    const usage = index === last ? finalUsage(script) : ''
    return eventText(card, withUsage({ type, b64_json: PIXEL }, usage), type)
  }
  return {
    opening: () => [],
    *content() {
      for (let at = 0; at < parts; at++) yield { text: part(at), tokens: 0 }
      for (let index = 0; index < last; index++) yield { text: image(index), tokens: IMAGE_TOKENS }
      script.record.completionTokens += IMAGE_TOKENS // the usage in the last event has them too
      yield { text: image(last), tokens: 0 }
    },
    closing: () => [],
    failure: () => failureEvent(card),
  }
}
