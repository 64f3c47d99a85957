import { SPEECH_TOKENS_PER_CHARACTER } from '../domain/bounds.ts'
import { INPUT_NAMES, readUsage } from '../domain/usage/read-usage.ts'
import { parseObject, textDelivered } from '../wire/answers/answer.ts'
import { NAMED_ERRORS } from '../wire/error-shape.ts'
import { optionalString, requiredString } from '../wire/fields.ts'
import { type JsonRequest, readJsonRequest } from '../wire/json/json-request.ts'
import type { MeteredRequest } from '../wire/requests/metered-request.ts'
import { emptyPrompt } from '../wire/requests/prompt.ts'
import { editedBody } from '../wire/requests/upstream-body.ts'
import { type EventReader, EventTap } from '../wire/sse/event-tap.ts'
import type { Endpoint } from './endpoint.ts'

const OWNED = new Set(['model', 'input', 'instructions', 'stream_format'])

/** The events of a stream: audio as base64, then the usage. */
const EVENTS: EventReader = {
  errors: NAMED_ERRORS,
  textOf: () => null,
  usageOf: ({ usage }) => readUsage(usage, INPUT_NAMES),
  endOf: (type) => (type === 'speech.audio.done' ? 'complete' : null),
}

/**
 * POST /audio/speech: audio, as bytes or as events. Models that speak are sold by the character, so
 * that a character is an input token where no usage is reported; bytes never report any.
 */
export const speech: Endpoint<MeteredRequest & JsonRequest> = {
  path: '/audio/speech',
  answers: 'audio',
  api: 'openai',
  takes: 'application/json',
  answersBytes: true,
  errors: NAMED_ERRORS,

  read(body) {
    const json = readJsonRequest(body, OWNED)
    const { fields, bytes } = json
    const input = requiredString(fields, 'input')
    const instructions = optionalString(fields, 'instructions') ?? ''
    const stream = optionalString(fields, 'stream_format') === 'sse'
    return {
      ...json,
      model: requiredString(fields, 'model'),
      stream,
      prompt: { ...emptyPrompt(bytes), tokens: input.length + instructions.length },
      choices: 1,
      outputLimit: null,
      fixedOutput: stream ? input.length * SPEECH_TOKENS_PER_CHARACTER : 0,
    }
  },

  promptText: () => null,

  upstreamBody: (request, change) => editedBody(request, change),

  readAnswer(body) {
    const value = parseObject(body)
    return {
      error: value?.error ?? null,
      isAnswer: false,
      usage: null,
      ...textDelivered(''),
      edited: null,
      asStream: null,
    }
  },

  tap: (_request, options) => new EventTap(EVENTS, options),
}
