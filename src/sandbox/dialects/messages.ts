import type { Part } from '../answers/answer.ts'
import { replyText } from '../answers/reply.ts'
import { finalUsage, type Script } from '../answers/script.ts'
import type { Dialect, Telling } from '../dialect.ts'
import { badField, FAULT } from '../problem.ts'
import { lastUserText } from '../questions/chat-request.ts'
import {
  parseBody,
  type Question,
  readCount,
  readModel,
  readStream,
  textIn,
} from '../questions/question.ts'
import { isObject, readTuning } from '../questions/tuning.ts'
import { tokensOf } from '../tokens.ts'
import { inputNames, NamedContent, namedEvent, type PartForm } from './named.ts'

const STOP_REASONS = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use' } as const

const MESSAGES: Dialect = {
  tell: tellMessage,
  whole: (script, usage) => JSON.stringify(messageOf(script, usageOf(script, usage))),
}

const COUNT: Dialect = {
  tokens: () => 0,
  whole: ({ record }) => JSON.stringify({ input_tokens: record.promptTokens }),
}

/** POST /messages, as Anthropic has it. */
export function readMessage(text: string): Question {
  return { ...readCountable(text), dialect: MESSAGES }
}

/** POST /messages/count_tokens. */
export function readCountable(text: string): Question {
  const body = parseBody(text)
  const { messages, system } = body
  if (!Array.isArray(messages)) throw badField('messages', 'it must be an array')
  return {
    dialect: COUNT,
    body,
    model: readModel(body),
    stream: readStream(body),
    user: null,
    includeUsage: true,
    choices: 1,
    limitTokens: readCount(body, 'max_tokens', Number.MAX_SAFE_INTEGER, 0),
    said: lastUserText(messages),
    promptTokens: tokensOf(textIn(system).length + textIn(messages).length),
    tuning: readTuning(body.sandbox),
  }
}

/** The input's usage is in the first event, and the output's in the last but one. */
function tellMessage(script: Script): Telling {
  const { card, answer } = script
  const write = (type: string, fields: object) => namedEvent(card, type, fields)
  const content = new NamedContent(script, (part) => formOf(script, part, write))
  return {
    opening() {
      const usage = usageOf(script, finalUsage(script))
      const { server_tool_use: _, output_tokens_details: __, ...input } = usage ?? {}
      const begun = { ...input, output_tokens: 1 }
      const message = { ...messageOf(script, usage && begun), content: [], stop_reason: null }
      return [write('message_start', { message }), write('ping', {})]
    },
    content: () => content.events(),
    closing() {
      const delta = { stop_reason: STOP_REASONS[answer.finish], stop_sequence: null }
      const told = usageOf(script, finalUsage(script)) ?? {}
      const { output_tokens, output_tokens_details, server_tool_use } = told
      const output = { output_tokens, output_tokens_details, server_tool_use }
      const usage = output_tokens === undefined ? {} : { usage: output }
      return [content.rest, write('message_delta', { delta, ...usage }), write('message_stop', {})]
    },
    failure: () => write('error', { error: { type: 'api_error', message: FAULT.message } }),
  }
}

type Write = (type: string, fields: object) => string

/** The events of a block: what a tool is called stands in the event that begins its block. */
function formOf({ answer: { parts } }: Script, part: Part, write: Write): PartForm {
  const before = parts.slice(0, parts.indexOf(part))
  const index = before.filter(({ field }) => field !== 'tool_name').length
  const start = (block: object) => write('content_block_start', { index, content_block: block })
  if (part.field === 'tool_name') {
    const piece = () => start({ ...blockOf(parts, part), input: {} })
    return { before: () => [], piece, after: () => [] }
  }
  const empty = part.field === 'content' ? { text: '' } : { thinking: '' }
  const { type, name } = DELTAS[part.field]
  const begun = { ...blockOf(parts, part), ...empty }
  return {
    before: () => (part.field === 'tool_arguments' ? [] : [start(begun)]),
    piece: (quoted) =>
      write('content_block_delta', { index, delta: { type, [name]: JSON.parse(quoted) } }),
    after: () => [write('content_block_stop', { index })],
  }
}

const DELTAS = {
  content: { type: 'text_delta', name: 'text' },
  reasoning_content: { type: 'thinking_delta', name: 'thinking' },
  tool_arguments: { type: 'input_json_delta', name: 'partial_json' },
} as const

function blockOf(parts: readonly Part[], part: Part): object {
  const text = replyText(part.reply)
  if (part.field === 'content') return { type: 'text', text }
  if (part.field === 'reasoning_content') return { type: 'thinking', thinking: text, signature: '' }
  const said = (field: Part['field']) => {
    const one = parts.find((other) => other.field === field)
    return one === undefined ? '' : replyText(one.reply)
  }
  const call = { type: 'tool_use', id: 'toolu_sandbox', name: said('tool_name') }
  return { ...call, input: parsed(said('tool_arguments')) }
}

function messageOf({ envelope, request, answer }: Script, usage: object | null): object {
  const { parts } = answer
  const said = parts.filter(({ field }) => field !== 'tool_name')
  return {
    id: envelope.id.replace('chatcmpl-', 'msg_'),
    type: 'message',
    role: 'assistant',
    model: request.model,
    content: said.map((part) => blockOf(parts, part)),
    stop_reason: STOP_REASONS[answer.finish],
    stop_sequence: null,
    ...(usage && { usage }),
  }
}

/** The usage of a JSON member, under Anthropic's names; null for none. */
function usageOf({ card: { searches } }: Script, member: string): Record<string, unknown> | null {
  const usage = member === '' ? null : JSON.parse(`{${inputNames(member)}}`).usage
  if (!isObject(usage)) return null
  return searches ? { ...usage, server_tool_use: { web_search_requests: searches } } : usage
}

/** The arguments of a tool; a limit may have cut them. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return {}
  }
}
