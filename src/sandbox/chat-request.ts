import { CHOICES, REPLY_CHARS } from './limits.ts'
import { badField, Problem } from './problem.ts'
import { tokensOf } from './tokens.ts'
import { isObject, readTuning, type Tuning } from './tuning.ts'

/** What the sandbox reads of a chat completion request. */
export type ChatRequest = {
  readonly body: Readonly<Record<string, unknown>>
  readonly model: string
  readonly stream: boolean
  readonly includeUsage: boolean
  /** `n`. */
  readonly choices: number
  /** max_completion_tokens, else max_tokens, else null. */
  readonly limitTokens: number | null
  /** The text of the last user message. */
  readonly said: string
  readonly promptTokens: number
  readonly tuning: Tuning
}

/** Reads a request body. Throws a Problem (400) that names the field at fault. */
export function readChatRequest(text: string): ChatRequest {
  const body = parse(text)
  const { model, messages, stream = false, stream_options: options } = body
  if (typeof model !== 'string' || model === '') throw badField('model', 'it must be a string')
  if (!Array.isArray(messages)) throw badField('messages', 'it must be an array')
  if (typeof stream !== 'boolean' && stream !== null) {
    throw badField('stream', 'it must be a boolean')
  }
  if (isObject(options) && stream !== true) {
    throw badField('stream_options', 'it is only allowed when stream is enabled')
  }
  const tuning = readTuning(body.sandbox)
  const choices = readCount(body, 'n', CHOICES) ?? 1
  if (choices * (tuning.reply_chars ?? 0) > REPLY_CHARS) {
    throw badField('n', `n x sandbox.reply_chars must not pass ${REPLY_CHARS}`)
  }
  return {
    body,
    model,
    stream: stream === true,
    includeUsage: isObject(options) && options.include_usage === true,
    choices,
    limitTokens: readCount(body, 'max_completion_tokens') ?? readCount(body, 'max_tokens'),
    said: lastUserText(messages),
    promptTokens: tokensOf(messages.reduce((sum, message) => sum + textOf(message).length, 0)),
    tuning,
  }
}

function parse(text: string): Record<string, unknown> {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw new Problem(400, 'We could not parse the JSON body of your request.', null)
  }
  if (!isObject(body)) throw new Problem(400, 'The body must be a JSON object.', null)
  return body
}

function readCount(
  body: Record<string, unknown>,
  name: string,
  most = Number.MAX_SAFE_INTEGER,
): number | null {
  const value = body[name] ?? null
  if (value === null) return null
  if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most) return Number(value)
  throw badField(name, `it must be an integer from 1 to ${most}`)
}

function lastUserText(messages: readonly unknown[]): string {
  const last = messages.findLast((message) => isObject(message) && message.role === 'user')
  return textOf(last)
}

/** String content, or the text parts of it in one; '' for anything else. */
function textOf(message: unknown): string {
  if (!isObject(message)) return ''
  const { content } = message
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content.map((part) => partText(part)).join('')
}

function partText(part: unknown): string {
  return isObject(part) && part.type === 'text' && typeof part.text === 'string' ? part.text : ''
}
