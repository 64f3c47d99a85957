import { parseObject, textDelivered } from '../wire/answer.ts'
import { MESSAGES_ERRORS } from '../wire/error-shape.ts'
import {
  MESSAGES_FIELDS,
  type MessagesRequest,
  messagesText,
  readMessages,
} from '../wire/messages-request.ts'
import { readMessagesUsage } from '../wire/messages-usage.ts'
import { editedBody } from '../wire/upstream-body.ts'
import type { Endpoint } from './endpoint.ts'

const OWNED = new Set(MESSAGES_FIELDS)

/** POST /messages/count_tokens, of Anthropic's API: free, as it is there. */
export const countTokens: Endpoint<MessagesRequest> = {
  path: '/messages/count_tokens',
  answers: 'a count of tokens',
  api: 'anthropic',
  takes: 'application/json',
  isFree: true,
  errors: MESSAGES_ERRORS,

  read(body) {
    const request = readMessages(body, OWNED)
    return { ...request, stream: false, outputLimit: null, fixedOutput: 0 }
  },

  promptText: messagesText,

  upstreamBody: (request, change) => editedBody(request, change),

  readAnswer(body) {
    const value = parseObject(body)
    return {
      error: value?.error ?? null,
      isAnswer: typeof value?.input_tokens === 'number',
      usage: readMessagesUsage(value),
      ...textDelivered(''),
      edited: null,
      asStream: null,
    }
  },
}
