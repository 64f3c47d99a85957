import type { SandboxCall } from '../call.ts'
import type { AnswerCard } from '../cards/card.ts'
import type { Question } from '../questions/question.ts'
import { tokensOf } from '../tokens.ts'
import type { Answer, Part } from './answer.ts'
import type { Envelope } from './chunk.ts'
import { quotePiece, readReply } from './reply.ts'
import { usageMember } from './usage.ts'

/** All an answer is made of. */
export type Script = {
  readonly card: AnswerCard
  readonly request: Question
  readonly answer: Answer
  readonly envelope: Envelope
  /** Says how far the answer has come. */
  readonly record: SandboxCall
}

/** A piece of text as it is streamed: as a JSON string, and the tokens it adds. */
export type Piece = { readonly quoted: string; readonly tokens: number }

/** The pieces of a part; `before` is how many characters the parts before it have. */
export function* piecesOf({ reply, piece }: Part, before: number): Generator<Piece, void, void> {
  for (let at = 0; at < reply.length; ) {
    const said = readReply(reply, at, piece)
    const tokens = tokensOf(before + at + said.length) - tokensOf(before + at)
    at += said.length
    yield { quoted: quotePiece(reply, said), tokens }
  }
}

/** The usage so far, as a JSON member, with a piece that is about to be said. */
export function runningUsage(script: Script, tokens: number): string {
  const { card, request, record, answer } = script
  const counted = {
    prompt: record.promptTokens,
    completion: record.completionTokens + tokens,
    reasoning: answer.reasoningTokens,
  }
  return usageMember(card.usage ?? 'counted', counted, request.tuning, false)
}

/** The usage of a stream that has been told, as a JSON member. */
export function finalUsage({ card, request, record, answer }: Script): string {
  const counted = {
    prompt: record.promptTokens,
    completion: record.completionTokens + answer.hiddenTokens * request.choices,
    reasoning: answer.reasoningTokens * request.choices,
  }
  return usageMember(card.usage ?? 'counted', counted, request.tuning, true)
}
