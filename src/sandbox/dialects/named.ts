import type { Part } from '../answers/answer.ts'
import { eventText } from '../answers/chunk.ts'
import { piecesOf, type Script } from '../answers/script.ts'
import type { AnswerCard } from '../cards/card.ts'
import type { ContentEvent } from '../dialect.ts'
import { FAULT } from '../problem.ts'

/** One event of an API whose events have names, which their data repeat as `type`. */
export function namedEvent(card: AnswerCard, type: string, fields: object): string {
  return eventText(card, JSON.stringify({ type, ...fields }), type)
}

/** The event of a failure, in the form that clients of OpenAI's read: flat and nested. */
export function failureEvent(card: AnswerCard, fields: object = {}): string {
  const { message, code, param } = FAULT
  return namedEvent(card, 'error', { message, code, param, error: FAULT, ...fields })
}

/** How a part of an answer is told: the events around its text, and the event of a piece of it. */
export type PartForm = {
  before(): string[]
  /** @param quoted the piece, as a JSON string */
  piece(quoted: string): string
  after(): string[]
}

/** The pieces of all parts; what stands between them goes with the piece that follows. */
export class NamedContent {
  /** What has not been written yet: at the end, what closes the last part. */
  rest = ''
  readonly #script: Script
  readonly #formOf: (part: Part, index: number) => PartForm

  constructor(script: Script, formOf: (part: Part, index: number) => PartForm) {
    this.#script = script
    this.#formOf = formOf
  }

  *events(): Generator<ContentEvent, void, void> {
    let chars = 0
    for (const [index, part] of this.#script.answer.parts.entries()) {
      const form = this.#formOf(part, index)
      this.rest += form.before().join('')
      for (const { quoted, tokens } of piecesOf(part, chars)) {
        const text = this.rest + form.piece(quoted)
        this.rest = ''
        yield { text, tokens }
      }
      chars += part.reply.length
      this.rest += form.after().join('')
    }
  }
}

/** A JSON answer with a usage member, where there is one. */
export function withUsage(answer: object, usage: string): string {
  const json = JSON.stringify(answer)
  return usage === '' ? json : `${json.slice(0, -1)},${inputNames(usage)}}`
}

/** A usage member under the names that every API but chat completions has. */
export function inputNames(usage: string): string {
  return usage
    .replaceAll('"prompt_tokens', '"input_tokens')
    .replaceAll('"completion_tokens', '"output_tokens')
}
