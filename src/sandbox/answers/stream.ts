import type { AnswerCard, Ending } from '../cards/card.ts'
import type { Dialect, Telling } from '../dialect.ts'
import { CHUNKS_PER_TURN } from '../limits.ts'
import type { LiveCall } from '../live-call.ts'
import { FAULT_JSON } from '../problem.ts'
import type { Question } from '../questions/question.ts'
import { composeAnswer, faultAt } from './answer.ts'
import { eventText, newEnvelope } from './chunk.ts'
import { type EventStream, openEventStream } from './event-stream.ts'
import type { Script } from './script.ts'

const ENDINGS: Record<Ending, { readonly last: readonly string[]; readonly ends: boolean }> = {
  done: { last: [], ends: true },
  'no-done': { last: [], ends: true },
  'unended-done': { last: [], ends: true },
  'done-then-more': { last: ['{"late":true}'], ends: true },
  'done-then-silence': { last: [], ends: false },
}

/** An event that breaks off within its JSON. */
const GARBAGE = 'data: {"id":"\u0000\ufffd}{,\n\n'

/** Endings that leave out what a stream of choices ends with. */
const UNTOLD: readonly Ending[] = ['no-done', 'unended-done']

/** Answers a call piece by piece, as fast as its reader and its delays allow. */
export function streamAnswer(call: LiveCall, card: AnswerCard, request: Question): void {
  const { record, res } = call
  const { dialect } = request
  const answer = composeAnswer(card, request)
  const script: Script = { card, request, answer, envelope: newEnvelope(request.model), record }
  const telling = dialect.tell?.(script)
  if (telling === undefined) throw new Error('this endpoint has no stream')
  const out = openEventStream(res, card, dialect.streamType)
  const contents = telling.content()
  const faultChunk = card.fault ? faultAt(card, request) : Number.POSITIVE_INFINITY
  const delayMs = request.tuning.delay_ms ?? card.delayMs ?? 0

  const pump = (): void => {
    for (let turn = 0; turn < CHUNKS_PER_TURN && !call.isOver(); turn++) {
      const next = record.chunks < faultChunk ? contents.next().value : undefined
      if (!next) {
        if (card.fault) breakStream(call, card, telling, out)
        else endStream(call, card, dialect, telling, out)
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
    if (faultChunk > 0) for (const event of telling.opening()) out.send(event)
    pump()
  })
}

function endStream(
  { res }: LiveCall,
  card: AnswerCard,
  { last }: Dialect,
  telling: Telling,
  out: EventStream,
): void {
  const { ending = 'done' } = card
  for (const event of telling.closing()) out.send(event)
  if (last && !UNTOLD.includes(ending)) out.send(eventText(card, last))
  if (last && ending === 'unended-done') out.send(`data: ${last}`)
  for (const data of ENDINGS[ending].last) out.send(eventText(card, data))
  if (ENDINGS[ending].ends) res.end()
}

function breakStream(call: LiveCall, card: AnswerCard, telling: Telling, out: EventStream): void {
  if (card.fault === 'silence') return
  if (card.fault === 'cut') {
    call.cut()
    return
  }
  if (card.fault === 'garbage') out.send(GARBAGE)
  else if (card.fault === 'error-field') out.send(`error: ${FAULT_JSON}\n\n`)
  else if (card.fault && card.fault !== 'end') out.send(telling.failure(card.fault))
  call.res.end()
}
