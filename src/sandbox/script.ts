import type { Answer, Part } from './answer.ts'
import type { SandboxCall } from './call.ts'
import type { AnswerCard } from './card.ts'
import type { ChatRequest } from './chat-request.ts'
import { choiceJson, chunkJson, type Envelope, eventText } from './chunk.ts'
import { quotePiece, readReply } from './reply.ts'
import { tokensOf } from './tokens.ts'
import { usageMember } from './usage.ts'

/** All a stream is made of. */
export type Script = {
  readonly card: AnswerCard
  readonly request: ChatRequest
  readonly answer: Answer
  readonly envelope: Envelope
  /** Says how far the stream has come. */
  readonly record: SandboxCall
}

/** One content chunk as the bytes of its event. */
export type ContentEvent = { readonly text: string; readonly tokens: number }

// Raw control characters: JSON text cannot contain them, so they mark a place to fill in.
const TEXT_MARK = '\u0001'
const USAGE_MARK = '\u0002'

const DELTAS: Record<Part['field'], string> = {
  content: `{"content":${TEXT_MARK}}`,
  reasoning_content: `{"reasoning_content":${TEXT_MARK}}`,
  tool_name:
    '{"tool_calls":[{"index":0,"id":"call_sandbox","type":"function",' +
    `"function":{"name":${TEXT_MARK},"arguments":""}}]}`,
  tool_arguments: `{"tool_calls":[{"index":0,"function":{"arguments":${TEXT_MARK}}}]}`,
}

/** The events before the first content chunk: the prelude, then the role of each choice. */
export function openingEvents({ card, request, envelope }: Script): string[] {
  const more = quietUsage(card, request)
  const events = card.prelude ? [eventText(card, card.prelude)] : []
  for (let index = 0; index < request.choices; index++) {
    const choice = choiceJson(index, '{"role":"assistant","content":""}', null)
    events.push(eventText(card, chunkJson(envelope, choice, more)))
  }
  return events
}

/** The content chunks, all choices in step. What is constant in them is put together once. */
export function* contentEvents(script: Script): Generator<ContentEvent, void, void> {
  const { card, request, envelope, answer } = script
  const everyChunk = card.usageIn === 'every-chunk'
  const more = everyChunk ? USAGE_MARK : quietUsage(card, request)
  let before = 0
  for (const { field, reply, piece } of answer.parts) {
    const frames = Array.from({ length: request.choices }, (_, index) => {
      const json = chunkJson(envelope, choiceJson(index, DELTAS[field], null), more)
      const [head = '', tail = ''] = eventText(card, json).split(TEXT_MARK)
      return { head, tail }
    })
    for (let at = 0; at < reply.length; ) {
      const said = readReply(reply, at, piece)
      const tokens = tokensOf(before + said.length) - tokensOf(before)
      const quoted = quotePiece(reply, said)
      at += said.length
      before += said.length
      for (const { head, tail } of frames) {
        const end = everyChunk ? tail.replace(USAGE_MARK, () => runningUsage(script, tokens)) : tail
        yield { text: head + quoted + end, tokens }
      }
    }
  }
}

/** The events after the last content chunk: a finish reason for each choice, then usage. */
export function closingEvents(script: Script): string[] {
  const { card, request, envelope, answer } = script
  const usage = finalUsage(script)
  const last = request.choices - 1
  const events: string[] = []
  for (let index = 0; index <= last; index++) {
    const more = index === last && card.usageIn ? usage : quietUsage(card, request)
    events.push(eventText(card, chunkJson(envelope, choiceJson(index, '{}', answer.finish), more)))
  }
  const ownChunk = request.includeUsage && card.usageIn !== 'finish-chunk'
  if (ownChunk && usage !== '') events.push(eventText(card, chunkJson(envelope, '', usage)))
  return events
}

/** What OpenAI puts in the other chunks when usage was asked for. */
function quietUsage(card: AnswerCard, request: ChatRequest): string {
  return request.includeUsage && card.usage !== 'none' && !card.usageIn ? '"usage":null' : ''
}

function runningUsage(script: Script, tokens: number): string {
  const { card, request, record, answer } = script
  const counted = {
    prompt: record.promptTokens,
    completion: record.completionTokens + tokens,
    reasoning: answer.reasoningTokens,
  }
  return usageMember(card.usage ?? 'counted', counted, request.tuning, false)
}

function finalUsage({ card, request, record, answer }: Script): string {
  const counted = {
    prompt: record.promptTokens,
    completion: record.completionTokens + answer.hiddenTokens * request.choices,
    reasoning: answer.reasoningTokens * request.choices,
  }
  return usageMember(card.usage ?? 'counted', counted, request.tuning, true)
}
