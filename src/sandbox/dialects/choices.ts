import type { Part } from '../answers/answer.ts'
import { chunkJson, eventText } from '../answers/chunk.ts'
import { finalUsage, piecesOf, runningUsage, type Script } from '../answers/script.ts'
import type { Fault } from '../cards/card.ts'
import type { ContentEvent, Telling } from '../dialect.ts'
import { FAULT_JSON } from '../problem.ts'

/** How a choice is written in a chunk. */
export type ChoiceForm = {
  /** What `object` says of a chunk. */
  readonly object: string
  /** The choice that a stream begins with; null where it begins with text. */
  opening(index: number): string | null
  /** A choice with a piece of text where TEXT_MARK stands. */
  saying(index: number, field: Part['field']): string
  closing(index: number, finish: string): string
}

// Raw control characters: JSON text cannot contain them, so they mark a place to fill in.
export const TEXT_MARK = '\u0001'
const USAGE_MARK = '\u0002'

/** A stream of chunks with choices, all choices in step. */
export function tellChoices(script: Script, form: ChoiceForm): Telling {
  return {
    opening: () => openingEvents(script, form),
    content: () => contentEvents(script, form),
    closing: () => closingEvents(script, form),
    failure: (fault) => failureEvent(script, form, fault),
  }
}

function failureEvent({ card, envelope }: Script, form: ChoiceForm, fault: Fault): string {
  if (fault !== 'error-with-choices') return eventText(card, FAULT_JSON)
  const choice = form.closing(0, 'error')
  return eventText(card, chunkJson(envelope, form.object, choice, FAULT_JSON.slice(1, -1)))
}

/** The prelude, then the opening of each choice. */
function openingEvents(script: Script, form: ChoiceForm): string[] {
  const { card, request, envelope } = script
  const more = quietUsage(script)
  const events = card.prelude ? [eventText(card, card.prelude)] : []
  for (let index = 0; index < request.choices; index++) {
    const choice = form.opening(index)
    if (choice === null) continue
    events.push(eventText(card, chunkJson(envelope, form.object, choice, more)))
  }
  return events
}

/** What is constant in the content chunks is put together once. */
function* contentEvents(script: Script, form: ChoiceForm): Generator<ContentEvent, void, void> {
  const { card, request, envelope, answer } = script
  const everyChunk = card.usageIn === 'every-chunk'
  const more = everyChunk ? USAGE_MARK : quietUsage(script)
  let before = 0
  for (const part of answer.parts) {
    const frames = Array.from({ length: request.choices }, (_, index) => {
      const json = chunkJson(envelope, form.object, form.saying(index, part.field), more)
      const [head = '', tail = ''] = eventText(card, json).split(TEXT_MARK)
      return { head, tail }
    })
    for (const { quoted, tokens } of piecesOf(part, before)) {
      for (const { head, tail } of frames) {
        const end = everyChunk ? tail.replace(USAGE_MARK, () => runningUsage(script, tokens)) : tail
        yield { text: head + quoted + end, tokens }
      }
    }
    before += part.reply.length
  }
}

/** A finish reason for each choice, then usage. */
function closingEvents(script: Script, form: ChoiceForm): string[] {
  const { card, request, envelope, answer } = script
  const usage = finalUsage(script)
  const last = request.choices - 1
  const events: string[] = []
  for (let index = 0; index <= last; index++) {
    const more = index === last && card.usageIn ? usage : quietUsage(script)
    const choice = form.closing(index, answer.finish)
    events.push(eventText(card, chunkJson(envelope, form.object, choice, more)))
  }
  const ownChunk = request.includeUsage && card.usageIn !== 'finish-chunk'
  if (ownChunk && usage !== '') {
    events.push(eventText(card, chunkJson(envelope, form.object, '', usage)))
  }
  return events
}

/** What OpenAI puts in the other chunks when usage was asked for. */
function quietUsage({ card, request }: Script): string {
  return request.includeUsage && card.usage !== 'none' && !card.usageIn ? '"usage":null' : ''
}
