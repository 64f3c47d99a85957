import type { IncomingMessage, ServerResponse } from 'node:http'
import { EVENTS_TYPE, JSON_TYPE, sendCanned } from '../cards/canned.ts'
import type { AnswerCard, Card } from '../cards/card.ts'
import { findCard } from '../cards/cards.ts'
import { type LiveCall, openCall } from '../live-call.ts'
import { badField, sendProblem } from '../problem.ts'
import type { Question } from '../questions/question.ts'
import { readBody } from '../questions/read-body.ts'
import type { SandboxState } from '../state.ts'
import { streamAnswer } from './stream.ts'
import { sendWhole } from './whole.ts'

/** Reads a request to one endpoint. Throws, or rejects with, a Problem (400). */
export type Reader = (text: string, contentType: string) => Question | Promise<Question>

/** Makes the sandbox's own request ids. */
let answered = 0

/** Answers a POST: enters the call, waits at the gate, then does what its card says. */
export function answerCall(
  state: SandboxState,
  req: IncomingMessage,
  res: ServerResponse,
  read: Reader,
): void {
  const startedAt = performance.now()
  const type = req.headers['content-type'] ?? ''
  // Of a form each byte is one character, so that what is not text survives.
  const coding = type.startsWith('multipart/') ? 'latin1' : 'utf8'
  readBody(
    req,
    (bytes) => {
      const text = bytes.toString(coding)
      const call = openCall(state, req, res, startedAt, text)
      res.setHeader('x-request-id', `req_sandbox_${++answered}`)
      state.gate.pass(call, () => orProblem(call, () => begin(call, read(text, type))))
    },
    (problem) => sendProblem(res, problem),
  )
}

function begin(call: LiveCall, request: Question | Promise<Question>): void {
  if (request instanceof Promise) {
    request.then(
      (read) => orProblem(call, () => enter(call, read)),
      (error) => sendProblem(call.res, error),
    )
  } else enter(call, request)
}

function enter(call: LiveCall, request: Question): void {
  const { record } = call
  record.model = request.model
  record.stream = request.stream
  record.user = request.user
  record.promptTokens = request.promptTokens
  const card = findCard(request.model)
  call.later(request.tuning.head_delay_ms ?? 0, () => {
    orProblem(call, () => perform(call, card, request))
  })
}

function perform(call: LiveCall, card: Card, request: Question): void {
  if (card.kind === 'answer') answer(call, card, request)
  else if (card.kind === 'canned') sendCanned(call, card, askedType(request))
}

function askedType({ stream, dialect }: Question): string {
  return stream ? EVENTS_TYPE : (dialect.streamType ?? JSON_TYPE)
}

function answer(call: LiveCall, card: AnswerCard, request: Question): void {
  if (card.rejects && request.body[card.rejects] !== undefined) {
    throw badField(card.rejects, `extra parameters ['${card.rejects}'] are not allowed`)
  }
  const { dialect, stream } = request
  const asked = stream || dialect.isAlwaysTold === true
  const streams = card.form ? card.form === 'stream' : asked
  if (streams && dialect.tell) streamAnswer(call, card, request)
  else sendWhole(call, card, request)
}

/** A fault while one call is begun is that call's own answer; the others go on. */
function orProblem(call: LiveCall, step: () => void): void {
  try {
    step()
  } catch (error) {
    sendProblem(call.res, error)
  }
}
