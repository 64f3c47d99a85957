import type { AnswerCard } from '../cards/card.ts'
import { REPLY_CHARS } from '../limits.ts'
import type { Question } from '../questions/question.ts'
import { CHARS_PER_TOKEN, tokensOf } from '../tokens.ts'
import { type Reply, repeatText } from './reply.ts'

/** One run of text in an answer, and where in the message it belongs. */
export type Part = {
  readonly field: 'content' | 'reasoning_content' | 'tool_name' | 'tool_arguments'
  readonly reply: Reply
  /** Characters of one chunk. */
  readonly piece: number
}

/** What the sandbox says in each choice of one answer. */
export type Answer = {
  readonly parts: readonly Part[]
  readonly finish: 'stop' | 'length' | 'tool_calls'
  /** Reasoning tokens, seen or hidden. */
  readonly reasoningTokens: number
  /** The part of them that no chunk shows. */
  readonly hiddenTokens: number
}

/** Tokens that sandbox-reasoning reports beyond what it streams. */
export const HIDDEN_REASONING_TOKENS = 64
/** Said when nothing was asked: 20 chunks. */
export const STOCK_TEXT =
  'This is the Tollkeeper sandbox, which counts one token per four characters said.'
const REASONING_TEXT = 'The user spoke; I will repeat it to them'
const TOOL_NAME = 'look_up_city'
const TOOL_CITY = 'Oslo'
/** Content chunks before a fault, where neither card nor request says. */
const DEFAULT_FAULT_AT = 3

/** Composes the answer of a card to a request, cut at the request's token limit. */
export function composeAnswer(card: AnswerCard, request: Question): Answer {
  const limit = card.ignoresLimit ? null : request.limitTokens
  const whole = wholeParts(card, request)
  const parts = limit === null ? whole : cutParts(whole, limit * CHARS_PER_TOKEN)
  const isCut = charsOf(parts) < charsOf(whole)
  const reasons = card.speech === 'reasoning'
  const shown = parts.find((part) => part.field === 'reasoning_content')?.reply.length ?? 0
  const hiddenTokens = reasons ? HIDDEN_REASONING_TOKENS : 0
  const finish = card.speech === 'tool-call' ? 'tool_calls' : 'stop'
  return {
    parts,
    finish: isCut ? 'length' : finish,
    reasoningTokens: tokensOf(shown) + hiddenTokens,
    hiddenTokens,
  }
}

/** Characters of one choice. */
export function charsOf(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + part.reply.length, 0)
}

function wholeParts(card: AnswerCard, request: Question): Part[] {
  const { reply_chars: chars, chunk_chars: piece = CHARS_PER_TOKEN } = request.tuning
  if (card.speech === 'tool-call') {
    const city = TOOL_CITY.padEnd((chars ?? 0) - '{"city":""}'.length, 'o')
    const json = card.arguments ?? `{"city":"${city}"}`
    return [
      part('tool_name', TOOL_NAME, TOOL_NAME.length, TOOL_NAME.length),
      part('tool_arguments', json, json.length, piece),
    ]
  }
  const source = card.speech === 'stock' || request.said === '' ? STOCK_TEXT : request.said
  // A fault in the middle needs a middle.
  const faultChars = card.fault ? (faultAt(card, request) + 1) * piece : 0
  const most = Math.floor(REPLY_CHARS / request.choices)
  const length = Math.min(chars ?? Math.max(source.length, faultChars), most)
  const content = part('content', source, length, piece)
  if (card.speech !== 'reasoning') return [content]
  return [part('reasoning_content', REASONING_TEXT, REASONING_TEXT.length, piece), content]
}

/** Content chunks before the card's fault. */
export function faultAt(card: AnswerCard, request: Question): number {
  return request.tuning.at_chunk ?? card.faultAt ?? DEFAULT_FAULT_AT
}

function part(field: Part['field'], source: string, length: number, piece: number): Part {
  return { field, reply: repeatText(source, length, piece), piece }
}

function cutParts(parts: readonly Part[], chars: number): Part[] {
  let left = chars
  return parts.map(({ field, reply, piece }) => {
    const length = Math.min(reply.length, left)
    left -= length
    return part(field, reply.window.slice(0, reply.period), length, piece)
  })
}
