import { readUsage } from '../domain/usage/read-usage.ts'
import { parseObject, renamed, textDelivered } from '../wire/answers/answer.ts'
import { CHOICES_ERRORS } from '../wire/error-shape.ts'
import { requiredString, requiredTextOrArray } from '../wire/fields.ts'
import { type JsonRequest, readJsonRequest } from '../wire/json/json-request.ts'
import type { MeteredRequest } from '../wire/requests/metered-request.ts'
import { measurePrompt, promptText } from '../wire/requests/prompt.ts'
import { editedBody } from '../wire/requests/upstream-body.ts'
import type { Endpoint } from './endpoint.ts'

const OWNED = new Set(['model', 'input'])

/** POST /moderations: costs its input, where its model has a price that is not 0. */
export const moderations: Endpoint<MeteredRequest & JsonRequest> = {
  path: '/moderations',
  answers: 'a moderation',
  api: 'openai',
  takes: 'application/json',
  errors: CHOICES_ERRORS,

  read(body) {
    const json = readJsonRequest(body, OWNED)
    return {
      ...json,
      model: requiredString(json.fields, 'model'),
      stream: false,
      prompt: measurePrompt(json.bytes, requiredTextOrArray(json.fields, 'input')),
      choices: 1,
      outputLimit: null,
      fixedOutput: 0,
    }
  },

  promptText: ({ fields }) => promptText(fields, ['input'], []),

  upstreamBody: (request, change) => editedBody(request, change),

  readAnswer(body, _request, alias) {
    const value = parseObject(body)
    return {
      error: value?.error ?? null,
      isAnswer: Array.isArray(value?.results),
      usage: readUsage(value?.usage),
      ...textDelivered(''),
      edited: renamed(body, value, alias),
      asStream: null,
    }
  },
}
