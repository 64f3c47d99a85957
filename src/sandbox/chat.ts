import type { IncomingMessage, ServerResponse } from 'node:http'
import { sendCanned } from './canned.ts'
import type { AnswerCard, Card } from './card.ts'
import { findCard } from './cards.ts'
import { type ChatRequest, readChatRequest } from './chat-request.ts'
import { type LiveCall, openCall } from './live-call.ts'
import { badField, sendProblem } from './problem.ts'
import { readBody } from './read-body.ts'
import type { SandboxState } from './state.ts'
import { streamAnswer } from './stream.ts'
import { sendWhole } from './whole.ts'

/** Makes the sandbox's own request ids. */
let answered = 0

/** POST /chat/completions: enters the call, waits at the gate, then does what its card says. */
export function answerChat(state: SandboxState, req: IncomingMessage, res: ServerResponse): void {
  const startedAt = performance.now()
  readBody(
    req,
    (bytes) => {
      const text = bytes.toString()
      const call = openCall(state, req, res, startedAt, text)
      res.setHeader('x-request-id', `req_sandbox_${++answered}`)
      state.gate.pass(call, () => orProblem(call, () => begin(call, text)))
    },
    (problem) => sendProblem(res, problem),
  )
}

function begin(call: LiveCall, text: string): void {
  const { record } = call
  const request = readChatRequest(text)
  record.model = request.model
  record.stream = request.stream
  record.promptTokens = request.promptTokens
  const card = findCard(request.model)
  call.later(request.tuning.head_delay_ms ?? 0, () => {
    orProblem(call, () => perform(call, card, request))
  })
}

function perform(call: LiveCall, card: Card, request: ChatRequest): void {
  if (card.kind === 'answer') answer(call, card, request)
  else if (card.kind === 'canned') sendCanned(call, card, request.stream)
}

function answer(call: LiveCall, card: AnswerCard, request: ChatRequest): void {
  if (card.rejects && request.body[card.rejects] !== undefined) {
    throw badField(card.rejects, `extra parameters ['${card.rejects}'] are not allowed`)
  }
  const streams = card.form ? card.form === 'stream' : request.stream
  if (streams) streamAnswer(call, card, request)
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
