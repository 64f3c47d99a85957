import { gzipSync } from 'node:zlib'
import { JSON_TYPE } from '../cards/canned.ts'
import type { AnswerCard } from '../cards/card.ts'
import { WHOLE_ANSWER_DELAY_MS } from '../limits.ts'
import type { LiveCall } from '../live-call.ts'
import { Problem, sendProblem } from '../problem.ts'
import type { Question } from '../questions/question.ts'
import { tokensOf } from '../tokens.ts'
import { type Answer, charsOf, composeAnswer } from './answer.ts'
import { newEnvelope } from './chunk.ts'
import type { Script } from './script.ts'
import { usageMember } from './usage.ts'

/** Answers a call with one JSON completion, after the time its chunks would have taken. */
export function sendWhole(call: LiveCall, card: AnswerCard, request: Question): void {
  const { tuning } = request
  const answer = composeAnswer(card, request)
  const delayMs = tuning.delay_ms ?? card.delayMs ?? 0
  const chunks = answer.parts.reduce((sum, part) => sum + part.reply.length / part.piece, 0)
  const wait = (tuning.first_delay_ms ?? 0) + delayMs * Math.ceil(chunks)
  call.later(Math.min(wait, WHOLE_ANSWER_DELAY_MS), () => write(call, card, request, answer))
}

function write(call: LiveCall, card: AnswerCard, request: Question, answer: Answer): void {
  const { record, res } = call
  const { dialect } = request
  const script: Script = { card, request, answer, envelope: newEnvelope(request.model), record }
  const said = tokensOf(charsOf(answer.parts)) * request.choices
  const tokens = dialect.tokens?.(script) ?? said
  const counted = {
    prompt: record.promptTokens,
    completion: tokens + answer.hiddenTokens * request.choices,
    reasoning: answer.reasoningTokens * request.choices,
  }
  const usage = usageMember(card.usage ?? 'counted', counted, request.tuning, true)
  const json = dialect.whole(script, usage)
  const text = card.edit ? json.replace(...card.edit) : json
  const type = dialect.wholeType?.(script) ?? JSON_TYPE
  if (card.fault) {
    writeBroken(call, card, type, text)
    return
  }
  const bytes = card.gzip ? gzipSync(text) : Buffer.from(text)
  res.writeHead(200, {
    'content-type': type,
    'content-length': bytes.length,
    ...(card.gzip ? { 'content-encoding': 'gzip' } : {}),
    ...card.headers,
  })
  res.end(bytes)
  record.completionTokens = tokens
}

/** A 500, or the first half of the answer and then the card's fault: no token that can be read. */
function writeBroken(call: LiveCall, card: AnswerCard, type: string, text: string): void {
  const { res } = call
  if (card.fault?.startsWith('error') || card.fault === 'failed') {
    sendProblem(res, new Problem(500, 'The sandbox failed while it wrote.', null))
    return
  }
  res.writeHead(200, { 'content-type': type, ...card.headers })
  res.write(text.slice(0, text.length / 2), () => {
    if (card.fault === 'cut') call.cut()
    else if (card.fault === 'end' || card.fault === 'garbage') res.end()
  })
}
