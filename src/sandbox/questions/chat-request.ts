import { CHAT } from '../dialects/chat.ts'
import { CHOICES, REPLY_CHARS } from '../limits.ts'
import { badField } from '../problem.ts'
import { tokensOf } from '../tokens.ts'
import {
  parseBody,
  type Question,
  readCount,
  readModel,
  readStream,
  readUser,
  textIn,
} from './question.ts'
import { isObject, readTuning, type Tuning } from './tuning.ts'

export type ChatRequest = Question

/** Reads a chat completion request. Throws a Problem (400) that names the field at fault. */
export function readChatRequest(text: string): ChatRequest {
  const body = parseBody(text)
  const { messages } = body
  const model = readModel(body)
  if (!Array.isArray(messages)) throw badField('messages', 'it must be an array')
  return {
    dialect: CHAT,
    ...readChoices(body),
    model,
    limitTokens: readCount(body, 'max_completion_tokens') ?? readCount(body, 'max_tokens'),
    said: lastUserText(messages),
    promptTokens: tokensOf(messages.reduce((sum, message) => sum + textOf(message).length, 0)),
  }
}

/** What chat completions and completions have in common. */
export function readChoices(body: Record<string, unknown>, prompts = 1) {
  const stream = readStream(body)
  const { stream_options: options } = body
  if (isObject(options) && !stream) {
    throw badField('stream_options', 'it is only allowed when stream is enabled')
  }
  const tuning = readTuning(body.sandbox)
  const choices = (readCount(body, 'n', CHOICES) ?? 1) * prompts
  refuseMuch('n', choices, tuning)
  return {
    body,
    stream,
    user: readUser(body),
    includeUsage: isObject(options) && options.include_usage === true,
    choices,
    tuning,
  }
}

function refuseMuch(field: string, choices: number, tuning: Tuning): void {
  if (choices * (tuning.reply_chars ?? 0) > REPLY_CHARS) {
    throw badField(field, `n x sandbox.reply_chars must not pass ${REPLY_CHARS}`)
  }
}

/** The text of the last user message. */
export function lastUserText(messages: readonly unknown[]): string {
  const last = messages.findLast((message) => isObject(message) && message.role === 'user')
  return textOf(last)
}

/** String content, or the text parts of it in one; '' for anything else. */
export function textOf(message: unknown): string {
  return isObject(message) ? textIn(message.content) : ''
}
