import { composeAnswer, faultAt } from './answer.ts'
import type { AnswerCard, Ending } from './card.ts'
import type { ChatRequest } from './chat-request.ts'
import { chunkJson, eventText, newEnvelope } from './chunk.ts'
import { type EventStream, openEventStream } from './event-stream.ts'
import { CHUNKS_PER_TURN } from './limits.ts'
import type { LiveCall } from './live-call.ts'
import { errorJson } from './problem.ts'
import { closingEvents, contentEvents, openingEvents, type Script } from './script.ts'

const FAULT_JSON = errorJson('The sandbox failed in the middle of its answer.', 'server_error')

const ENDINGS: Record<Ending, { readonly last: readonly string[]; readonly ends: boolean }> = {
  done: { last: ['[DONE]'], ends: true },
  'no-done': { last: [], ends: true },
  'unended-done': { last: [], ends: true },
  'done-then-more': { last: ['[DONE]', '{"late":true}'], ends: true },
  'done-then-silence': { last: ['[DONE]'], ends: false },
}

/** Answers a call with an event stream, as fast as its reader and its delays allow. */
export function streamAnswer(call: LiveCall, card: AnswerCard, request: ChatRequest): void {
  const { record, res } = call
  const answer = composeAnswer(card, request)
  const envelope = newEnvelope(request.model)
  const script: Script = { card, request, answer, envelope, record }
  const out = openEventStream(res, card)
  const contents = contentEvents(script)
  const faultChunk = card.fault ? faultAt(card, request) : Number.POSITIVE_INFINITY
  const delayMs = request.tuning.delay_ms ?? card.delayMs ?? 0

  const pump = (): void => {
    for (let turn = 0; turn < CHUNKS_PER_TURN && !call.isOver(); turn++) {
      const next = record.chunks < faultChunk ? contents.next().value : undefined
      if (!next) {
        if (card.fault) breakStream(call, script, out)
        else endStream(call, script, out)
        return
      }
      const hasRoom = out.send(next.text)
      record.chunks++
      record.completionTokens += next.tokens
      if (!hasRoom) {
        res.once('drain', pump)
        return
      }
      if (delayMs > 0) {
        call.later(delayMs, pump)
        return
      }
    }
    if (!call.isOver()) setImmediate(pump)
  }
  call.later(request.tuning.first_delay_ms ?? 0, () => {
    if (faultChunk > 0) for (const event of openingEvents(script)) out.send(event)
    pump()
  })
}

function endStream({ res }: LiveCall, script: Script, out: EventStream): void {
  const { card } = script
  const ending = ENDINGS[card.ending ?? 'done']
  for (const event of closingEvents(script)) out.send(event)
  for (const data of ending.last) out.send(eventText(card, data))
  if (card.ending === 'unended-done') out.send('data: [DONE]')
  if (ending.ends) res.end()
}

function breakStream(call: LiveCall, { card, envelope }: Script, out: EventStream): void {
  if (card.fault === 'silence') return
  if (card.fault === 'cut') {
    call.cut()
    return
  }
  if (card.fault === 'error') out.send(eventText(card, FAULT_JSON))
  if (card.fault === 'error-field') out.send(`error: ${FAULT_JSON}\n\n`)
  if (card.fault === 'error-with-choices') {
    const choice = '{"index":0,"delta":{"content":""},"finish_reason":"error"}'
    out.send(eventText(card, chunkJson(envelope, choice, FAULT_JSON.slice(1, -1))))
  }
  call.res.end()
}
