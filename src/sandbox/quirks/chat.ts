import type { IncomingMessage, ServerResponse } from 'node:http'
import { streamAnswer } from '../answers/stream.ts'
import { sendWhole } from '../answers/whole.ts'
import type { AnswerCard } from '../cards/card.ts'
import { type LiveCall, openCall } from '../live-call.ts'
import { badField, Problem } from '../problem.ts'
import { type ChatRequest, readChatRequest } from '../questions/chat-request.ts'
import { readBody } from '../questions/read-body.ts'
import { isObject } from '../questions/tuning.ts'
import type { SandboxState } from '../state.ts'
import { sendStyled } from './problem-style.ts'
import type { Quirk } from './quirk.ts'

/** Milliseconds between two looks at whether the one slot of a server is free. */
const SLOT_CHECK_MS = 20

/** The sandboxes whose one slot is taken. */
const taken = new WeakSet<SandboxState>()

/** POST /chat/completions of a quirky server. `admit` throws a Problem for who may not call. */
export function answerQuirkyChat(
  state: SandboxState,
  quirk: Quirk,
  req: IncomingMessage,
  res: ServerResponse,
  admit: () => void,
): void {
  const startedAt = performance.now()
  const orProblem = (step: () => void): void => {
    try {
      step()
    } catch (error) {
      sendStyled(res, error, quirk.errors ?? null)
    }
  }
  const begin = (bytes: Buffer): void => {
    const text = bytes.toString()
    const call = openCall(state, req, res, startedAt, text)
    orProblem(() => {
      admit()
      const request = read(quirk, call, text)
      const go = () => orProblem(() => answer(quirk, call, request))
      if (quirk.busyMs === undefined) go()
      else takeSlot(state, call, quirk.busyMs, go)
    })
  }
  readBody(req, begin, (problem) => sendStyled(res, problem, quirk.errors ?? null))
}

/** Reads a request as the server does, and refuses what it refuses. */
function read(quirk: Quirk, { record }: LiveCall, text: string): ChatRequest {
  const { ignores = [], rejects = [], rejectsRoles = [], knowsNoModel } = quirk
  const request = readChatRequest(without(text, ignores))
  record.model = request.model
  record.stream = request.stream
  record.user = request.user
  record.promptTokens = request.promptTokens
  const rejected = rejects.find((name) => request.body[name] !== undefined)
  if (rejected) throw badField(rejected, `extra parameters ['${rejected}'] are not allowed`)
  const messages = Array.isArray(request.body.messages) ? request.body.messages : []
  const roles = messages.filter(isObject).map(({ role }) => String(role))
  const stranger = roles.find((role) => rejectsRoles.includes(role))
  if (stranger) throw badField('messages', `there is no role '${stranger}'`)
  if (knowsNoModel) {
    const message = `The model '${request.model}' does not exist.`
    throw new Problem(404, message, 'model_not_found', 'model')
  }
  return request
}

function answer(quirk: Quirk, call: LiveCall, request: ChatRequest): void {
  const options = request.body.stream_options
  const asksContinuous = isObject(options) && options.continuous_usage_stats === true
  const card: AnswerCard = {
    kind: 'answer',
    says: quirk.says,
    ...quirk.answer,
    ...(quirk.reportsContinuously && asksContinuous && { usageIn: 'every-chunk' }),
  }
  const streams = card.form ? card.form === 'stream' : request.stream
  if (streams) streamAnswer(call, card, request)
  else sendWhole(call, card, request)
}

/** The same JSON without some fields; what is no JSON object stays as it is. */
function without(text: string, fields: readonly string[]): string {
  if (fields.length === 0) return text
  try {
    const body: unknown = JSON.parse(text)
    if (!isObject(body)) return text
    return JSON.stringify(body, (key, value) => (fields.includes(key) ? undefined : value))
  } catch {
    return text
  }
}

/** One call at a time; one that was broken off takes `busyMs` more. */
function takeSlot(state: SandboxState, call: LiveCall, busyMs: number, go: () => void): void {
  if (taken.has(state)) {
    call.later(SLOT_CHECK_MS, () => takeSlot(state, call, busyMs, go))
    return
  }
  taken.add(state)
  const free = () => taken.delete(state)
  call.res.once('close', () => {
    if (call.record.finished) free()
    else setTimeout(free, busyMs).unref()
  })
  go()
}
