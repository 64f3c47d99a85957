import {
  type Answer,
  asObject,
  parseObject,
  renamed,
  textDelivered,
} from '../wire/answers/answer.ts'
import { messageAsStream } from '../wire/answers/message-as-stream.ts'
import { MESSAGES_ERRORS } from '../wire/error-shape.ts'
import { optionalBoolean } from '../wire/fields.ts'
import { readLimit } from '../wire/requests/choices-request.ts'
import {
  MESSAGES_FIELDS,
  type MessagesRequest,
  messagesText,
  readMessages,
} from '../wire/requests/messages-request.ts'
import { editedBody, limitEdits } from '../wire/requests/upstream-body.ts'
import { type EventReader, EventTap } from '../wire/sse/event-tap.ts'
import { sseEvent } from '../wire/sse/events.ts'
import { readMessagesUsage } from '../wire/usage/messages-usage.ts'
import { oddUsage } from '../wire/usage/odd-usage.ts'
import { reportedCalls } from '../wire/usage/reported-calls.ts'
import type { Endpoint } from './endpoint.ts'

const LIMITS = ['max_tokens'] as const
/** The prompt is written to the cache, and nothing is made. */
const LIMIT_MIN = 0
const OWNED = new Set([...MESSAGES_FIELDS, ...LIMITS, 'stream'])

/** The events of a stream: the first has the input's usage, the last but one the output's. */
const EVENTS: EventReader = {
  errors: MESSAGES_ERRORS,
  keepsPings: true,
  textOf({ delta, content_block: block }) {
    const { text, thinking, partial_json: json } = asObject(delta) ?? asObject(block) ?? {}
    return text ?? thinking ?? json
  },
  usageOf({ type, message, usage }, before) {
    if (type !== 'message_start') return readMessagesUsage(usage, before)
    // It tells an output too, which has only begun.
    return readMessagesUsage({ ...asObject(asObject(message)?.usage), output_tokens: 0 })
  },
  countCalls({ message, usage }, _type, calls) {
    calls.usage(usage ?? asObject(message)?.usage)
  },
  endOf(type, { delta }) {
    if (type === 'message_stop') return 'complete'
    return (asObject(delta)?.stop_reason ?? null) === null ? null : 'here'
  },
  modelIn: 'message',
  closing: sseEvent('{"type":"message_stop"}', 'message_stop'),
}

/** POST /messages, of Anthropic's API: passed through to a provider that speaks it. */
export const messages: Endpoint<MessagesRequest> = {
  path: '/messages',
  answers: 'a message',
  api: 'anthropic',
  takes: 'application/json',
  errors: MESSAGES_ERRORS,

  read(body) {
    const request = readMessages(body, OWNED)
    return {
      ...request,
      stream: optionalBoolean(request.fields, 'stream') ?? false,
      outputLimit: readLimit(request.fields, LIMITS, LIMIT_MIN),
      fixedOutput: null,
    }
  },

  promptText: messagesText,

  upstreamBody: (request, change) =>
    editedBody(request, change, limitEdits(request, change, LIMITS)),

  readAnswer(body, _request, alias): Answer {
    const value = parseObject(body)
    const content = Array.isArray(value?.content) ? value.content : null
    const edited = renamed(body, value, alias)
    return {
      error: value?.error ?? null,
      isAnswer: content !== null,
      usage: readMessagesUsage(value?.usage),
      oddUsage: oddUsage(value?.usage),
      ...textDelivered((content ?? []).map(blockText).join(''), reportedCalls(value?.usage)),
      edited,
      asStream: content && (() => messageAsStream(edited ?? body)),
    }
  },

  tap: (_request, options) => new EventTap(EVENTS, options),
}

function blockText(block: unknown): string {
  const { text, thinking, input } = asObject(block) ?? {}
  const said = text ?? thinking
  if (typeof said === 'string') return said
  return input === undefined ? '' : JSON.stringify(input)
}
