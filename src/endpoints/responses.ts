import { INPUT_NAMES, readUsage } from '../domain/usage/read-usage.ts'
import {
  type Answer,
  asObject,
  parseObject,
  renamed,
  textDelivered,
} from '../wire/answers/answer.ts'
import { responseAsStream } from '../wire/answers/response-as-stream.ts'
import { responseText } from '../wire/answers/response-text.ts'
import { NAMED_ERRORS } from '../wire/error-shape.ts'
import {
  invalid,
  optionalBoolean,
  optionalString,
  requiredString,
  requiredTextOrArray,
} from '../wire/fields.ts'
import { type JsonRequest, readJsonRequest } from '../wire/json/json-request.ts'
import { readLimit } from '../wire/requests/choices-request.ts'
import type { MeteredRequest } from '../wire/requests/metered-request.ts'
import { refuseObjectReferences, refuseReference } from '../wire/requests/object-references.ts'
import { measurePrompt, promptText, withDefinitions } from '../wire/requests/prompt.ts'
import { editedBody, limitEdits } from '../wire/requests/upstream-body.ts'
import { type EventReader, EventTap } from '../wire/sse/event-tap.ts'
import { oddUsage } from '../wire/usage/odd-usage.ts'
import { ToolCallCounter } from '../wire/usage/tool-calls.ts'
import type { Endpoint } from './endpoint.ts'

const LIMITS = ['max_output_tokens'] as const
/** Fields that are nothing but the name of an object stored at the upstream (W-20). */
const REFERENCES = ['previous_response_id', 'conversation', 'prompt'] as const
const OWNED = new Set([
  ...LIMITS,
  ...REFERENCES,
  'model',
  'stream',
  'input',
  'instructions',
  'tools',
  'background',
])

const PRELUDE = new Set(['response.queued', 'response.created', 'response.in_progress'])
const AUDIO = 'response.audio.delta'

/** The events of a stream; the last one has the whole response, and its usage (W-94). */
const EVENTS: EventReader = {
  errors: NAMED_ERRORS,
  isPrelude: (type) => PRELUDE.has(type),
  textOf: ({ delta }, type) => (type === AUDIO ? null : delta),
  wholeTextOf: ({ response }) => responseText(response),
  usageOf: ({ response }) => readUsage(asObject(response)?.usage, INPUT_NAMES),
  countCalls({ item, output_index: place, response }, type, calls) {
    if (type === 'response.output_item.done') calls.itemDone(item, place)
    else if (response !== undefined) countResponse(asObject(response) ?? {}, calls)
  },
  endOf(type) {
    if (type === 'response.completed' || type === 'response.incomplete') return 'complete'
    return type === 'response.failed' ? 'failed' : null
  },
  errorOf: ({ response }) => asObject(response)?.error,
  modelIn: 'response',
}

function countResponse(response: Record<string, unknown>, calls: ToolCallCounter): void {
  calls.output(response.output)
  calls.usage(response.usage)
  calls.usage(response.tool_usage)
}

/** POST /responses. */
export const responses: Endpoint<MeteredRequest & JsonRequest> = {
  path: '/responses',
  answers: 'a response',
  api: 'openai',
  takes: 'application/json',
  errors: NAMED_ERRORS,

  read(body) {
    const json = readJsonRequest(body, OWNED)
    const { fields, bytes } = json
    for (const name of REFERENCES) refuseReference(fields, name)
    if (optionalBoolean(fields, 'background')) {
      throw invalid('background', 'Responses in the background can not be fetched from here.')
    }
    const input = requiredTextOrArray(fields, 'input')
    refuseObjectReferences('input', input)
    refuseObjectReferences('tools', fields.tools)
    const instructions = optionalString(fields, 'instructions')
    const schema = asObject(asObject(fields.text)?.format)?.schema
    return {
      ...json,
      model: requiredString(fields, 'model'),
      stream: optionalBoolean(fields, 'stream') ?? false,
      prompt: withDefinitions(measurePrompt(bytes, input, instructions), fields.tools, schema),
      choices: 1,
      outputLimit: readLimit(fields, LIMITS),
      fixedOutput: null,
    }
  },

  promptText({ fields }) {
    return promptText(fields, ['input', 'instructions'], ['tools', 'text'])
  },

  upstreamBody: (request, change) =>
    editedBody(request, change, limitEdits(request, change, LIMITS)),

  readAnswer(body, _request, alias): Answer {
    const value = parseObject(body)
    const isAnswer = Array.isArray(value?.output)
    const edited = renamed(body, value, alias)
    const counter = new ToolCallCounter()
    countResponse(value ?? {}, counter)
    return {
      error: value?.error ?? null,
      isAnswer,
      usage: readUsage(value?.usage, INPUT_NAMES),
      oddUsage: oddUsage(value?.usage),
      ...textDelivered(responseText(value), counter.calls),
      edited,
      asStream: isAnswer ? () => responseAsStream(edited ?? body) : null,
    }
  },

  tap: (_request, options) => new EventTap(EVENTS, options),
}
