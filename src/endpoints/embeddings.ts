import { readUsage, TOTAL_NAMES } from '../domain/usage/read-usage.ts'
import {
  type Answer,
  asObject,
  parseAnyDepth,
  renamed,
  textDelivered,
} from '../wire/answers/answer.ts'
import { CHOICES_ERRORS } from '../wire/error-shape.ts'
import { type Fields, optionalString, requiredString } from '../wire/fields.ts'
import { jsonOf } from '../wire/json/json-depth.ts'
import { type JsonRequest, readJsonRequest } from '../wire/json/json-request.ts'
import { PLAIN_PROFILE } from '../wire/profile.ts'
import type { MeteredRequest } from '../wire/requests/metered-request.ts'
import { inputText, measureInput, readInput } from '../wire/requests/text-input.ts'
import { editedBody } from '../wire/requests/upstream-body.ts'
import { oddUsage } from '../wire/usage/odd-usage.ts'
import type { Endpoint } from './endpoint.ts'

/** SDKs ask for base64 where their user did not ask, and decode it again (W-21). */
type EmbeddingsRequest = MeteredRequest & JsonRequest & { wantsBase64: boolean }

const OWNED = new Set(['model', 'input', 'encoding_format'])

/** POST /embeddings: costs its input. */
export const embeddings: Endpoint<EmbeddingsRequest> = {
  path: '/embeddings',
  answers: 'a list of embeddings',
  api: 'openai',
  takes: 'application/json',
  errors: CHOICES_ERRORS,

  read(body) {
    const json = readJsonRequest(body, OWNED)
    return {
      ...json,
      model: requiredString(json.fields, 'model'),
      stream: false,
      prompt: measureInput(json.bytes, readInput(json.fields, 'input')),
      choices: 1,
      outputLimit: null,
      fixedOutput: 0,
      wantsBase64: optionalString(json.fields, 'encoding_format') === 'base64',
    }
  },

  promptText: ({ fields }) => inputText(fields, ['input']),

  upstreamBody(request, change) {
    const { profile = PLAIN_PROFILE } = change
    const isForced = request.wantsBase64 && profile.embeddingFormat === 'float'
    return editedBody(request, change, isForced ? { encoding_format: '"float"' } : {})
  },

  readAnswer(body, { wantsBase64 }, alias): Answer {
    const value = parseAnyDepth(body)
    const data = Array.isArray(value?.data) ? value.data : null
    const areFloats = wantsBase64 && data?.some((one) => Array.isArray(asObject(one)?.embedding))
    const encoded = areFloats && data ? withBase64({ ...value, data }, alias) : null
    return {
      error: value?.error ?? null,
      isAnswer: data !== null && (!areFloats || encoded !== null),
      usage: readUsage(value?.usage) ?? readUsage(value?.usage, TOTAL_NAMES),
      oddUsage: oddUsage(value?.usage),
      ...textDelivered(''),
      edited: areFloats ? encoded : renamed(body, value, alias),
      asStream: null,
    }
  },
}

/**
 * The answer of an upstream that sends numbers whatever it is asked for, as it was asked for; null
 * where it could not be written again.
 */
function withBase64(answer: Fields & { data: unknown[] }, alias: string | null): string | null {
  const data = answer.data.map((one) => {
    const { embedding } = asObject(one) ?? {}
    return Array.isArray(embedding) ? { ...(one as Fields), embedding: base64Of(embedding) } : one
  })
  const isNamed = alias !== null && answer.model !== undefined
  return jsonOf({ ...answer, data, ...(isNamed && { model: alias }) })
}

/** Little-endian 32 bit floats. */
function base64Of(numbers: number[]): string {
  const bytes = Buffer.alloc(numbers.length * 4)
  for (const [at, number] of numbers.entries()) bytes.writeFloatLE(Number(number), at * 4)
  return bytes.toString('base64')
}
