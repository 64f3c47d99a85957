import { asObject } from '../wire/answers/answer.ts'
import { readChoicesAnswer } from '../wire/answers/choices-answer.ts'
import { CHOICES_ERRORS } from '../wire/error-shape.ts'
import { requiredArray } from '../wire/fields.ts'
import {
  CHOICES_FIELDS,
  type ChoicesRequest,
  choicesBody,
  readChoicesRequest,
} from '../wire/requests/choices-request.ts'
import { refuseObjectReferences } from '../wire/requests/object-references.ts'
import { measurePrompt, promptText, withDefinitions } from '../wire/requests/prompt.ts'
import { UsageTap } from '../wire/sse/usage-tap.ts'
import type { Endpoint } from './endpoint.ts'

/** The names of the output limit; the lower counts. */
const LIMITS = ['max_completion_tokens', 'max_tokens'] as const
const OWNED = new Set([...CHOICES_FIELDS, ...LIMITS, 'messages', 'tools'])

/** POST /chat/completions. */
export const chatCompletions: Endpoint<ChoicesRequest> = {
  path: '/chat/completions',
  answers: 'a chat completion',
  api: 'openai',
  takes: 'application/json',
  errors: CHOICES_ERRORS,

  read(body) {
    const request = readChoicesRequest(body, OWNED, LIMITS)
    const messages = requiredArray(request.fields, 'messages')
    const { tools, functions, response_format: format } = request.fields
    refuseObjectReferences('messages', messages)
    refuseObjectReferences('tools', tools)
    const measure = measurePrompt(request.bytes, messages)
    const schema = asObject(format)?.json_schema
    return { ...request, prompt: withDefinitions(measure, tools, functions, schema) }
  },

  promptText({ fields }) {
    return promptText(fields, ['messages'], ['tools', 'functions', 'response_format'])
  },

  upstreamBody: (request, change) => choicesBody(request, change, LIMITS),

  readAnswer: (...answer) => readChoicesAnswer(true, ...answer),

  tap: (request, options) => new UsageTap('chat.completion.chunk', request, options),
}
