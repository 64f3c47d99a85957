import { parseObject, textDelivered } from '../wire/answers/answer.ts'
import { MESSAGES_ERRORS } from '../wire/error-shape.ts'
import {
  MESSAGES_FIELDS,
  type MessagesRequest,
  messagesText,
  readMessages,
} from '../wire/requests/messages-request.ts'
import { editedBody } from '../wire/requests/upstream-body.ts'
import { readMessagesUsage } from '../wire/usage/messages-usage.ts'
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
