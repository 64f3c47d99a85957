import { readChoicesAnswer } from '../wire/answers/choices-answer.ts'
import { CHOICES_ERRORS } from '../wire/error-shape.ts'
import { optionalInteger, optionalString } from '../wire/fields.ts'
import {
  CHOICES_FIELDS,
  CHOICES_MAX,
  type ChoicesRequest,
  choicesBody,
  readChoicesRequest,
} from '../wire/requests/choices-request.ts'
import { inputText, measureInput, readInput } from '../wire/requests/text-input.ts'
import { UsageTap } from '../wire/sse/usage-tap.ts'
import type { Endpoint } from './endpoint.ts'

const LIMITS = ['max_tokens'] as const
/** With `echo`, the prompt is read and told with its log probabilities, and nothing is made. */
const LIMIT_MIN = 0
const OWNED = new Set([...CHOICES_FIELDS, ...LIMITS, 'prompt', 'suffix', 'best_of'])

/** POST /completions, the legacy of chat completions; still what fills code in. */
export const completions: Endpoint<ChoicesRequest> = {
  path: '/completions',
  answers: 'a completion',
  api: 'openai',
  takes: 'application/json',
  errors: CHOICES_ERRORS,

  read(body) {
    const request = readChoicesRequest(body, OWNED, LIMITS, LIMIT_MIN)
    const { bytes, fields, choices } = request
    const input = readInput(fields, 'prompt')
    const suffix = optionalString(fields, 'suffix') ?? ''
    const bestOf = optionalInteger(fields, 'best_of', CHOICES_MAX) ?? 1
    return {
      ...request,
      choices: input.length * Math.max(choices, bestOf), // each is generated, and billed (W-95)
      prompt: measureInput(bytes, [...input, suffix]),
    }
  },

  promptText: ({ fields }) => inputText(fields, ['prompt', 'suffix']),

  upstreamBody: (request, change) => choicesBody(request, change, LIMITS),

  readAnswer: (...answer) => readChoicesAnswer(false, ...answer),

  tap: (request, options) => new UsageTap('text_completion', request, options),
}
