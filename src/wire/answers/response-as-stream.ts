import { editMembers } from '../json/json-edits.ts'
import { elementsOf, textOfMember } from '../json/json-members.ts'
import { sseEvent } from '../sse/events.ts'
import { asObject } from './answer.ts'

type Members = Record<string, unknown>

/** How the pieces of an item are told: the events around its text, and where the text stands. */
type PieceForm = {
  /** What the events of the text are called: `….delta` and `….done`. */
  kind: string
  /** The member that has the text. */
  member: string
}

const ENDS = ['completed', 'incomplete', 'failed']

/** The texts of the parts of an item, by the type of the part. */
const PARTS: Record<string, PieceForm> = {
  output_text: { kind: 'output_text', member: 'text' },
  refusal: { kind: 'refusal', member: 'refusal' },
  reasoning_text: { kind: 'reasoning_text', member: 'text' },
  summary_text: { kind: 'reasoning_summary_text', member: 'text' },
}

/** The texts of items themselves, by the type of the item. */
const ITEMS: Record<string, PieceForm> = {
  function_call: { kind: 'function_call_arguments', member: 'arguments' },
  custom_tool_call: { kind: 'custom_tool_call_input', member: 'input' },
  mcp_call: { kind: 'mcp_call_arguments', member: 'arguments' },
  code_interpreter_call: { kind: 'code_interpreter_call_code', member: 'code' },
}

/**
 * The event stream that says the same as a response that came in one piece, for a client that asked
 * for a stream (W-69): its items one after the other, each text in one piece.
 * @param body JSON with an array `output`
 */
export function responseAsStream(body: string): string {
  const response = JSON.parse(body) as Members & { output: unknown[] }
  const status = ENDS.find((end) => end === response.status) ?? 'completed'
  const telling = new Telling()
  const begun = editMembers(body, {
    status: '"in_progress"',
    output: '[]',
    usage: 'null',
    incomplete_details: 'null',
  })
  telling.event('created', {}, { response: begun })
  telling.event('in_progress', {}, { response: begun })
  const output = textOfMember(body, 'output') ?? '[]'
  for (const [index, { start, end }] of elementsOf(output).entries()) {
    const item = asObject(response.output[index])
    if (item !== null) telling.item(item, output.slice(start, end), index)
  }
  telling.event(status, {}, { response: body })
  return telling.events
}

/** Writes the events of one stream, and numbers them. */
class Telling {
  events = ''
  #sequence = 0

  /** @param texts further members, as JSON */
  event(name: string, members: Members, texts: Record<string, string> = {}): void {
    const type = `response.${name}`
    const known = JSON.stringify({ type, sequence_number: this.#sequence, ...members })
    const more = Object.entries(texts).map(([key, text]) => `,"${key}":${text}`)
    this.events += sseEvent(`${known.slice(0, -1)}${more.join('')}}`.replaceAll('\r', ''), type)
    this.#sequence += 1
  }

  item(item: Members, text: string, index: number): void {
    const at = { output_index: index }
    this.event('output_item.added', { ...at, item: withoutTexts(item) })
    const of = { item_id: item.id, ...at }
    this.#parts(item.summary, 'reasoning_summary_part', (at) => ({ ...of, summary_index: at }))
    this.#parts(item.content, 'content_part', (at) => ({ ...of, content_index: at }))
    this.#text(ITEMS[String(item.type)], item, of)
    this.event('output_item.done', at, { item: text })
  }

  #parts(parts: unknown, kind: string, placeOf: (index: number) => Members): void {
    if (!Array.isArray(parts)) return
    for (const [index, one] of parts.entries()) {
      const part = asObject(one)
      if (part === null) continue
      const place = placeOf(index)
      this.event(`${kind}.added`, { ...place, part: emptied(part) })
      this.#text(PARTS[String(part.type)], part, place)
      this.event(`${kind}.done`, { ...place, part })
    }
  }

  #text(form: PieceForm | undefined, owner: Members, place: Members): void {
    const text = form && owner[form.member]
    if (form === undefined || typeof text !== 'string') return
    const logprobs = form.kind === 'output_text' ? { logprobs: owner.logprobs ?? [] } : {}
    if (text !== '') this.event(`${form.kind}.delta`, { ...place, delta: text, ...logprobs })
    this.#annotations(owner.annotations, place)
    this.event(`${form.kind}.done`, { ...place, [form.member]: text, ...logprobs })
  }

  #annotations(annotations: unknown, place: Members): void {
    if (!Array.isArray(annotations)) return
    for (const [annotation_index, annotation] of annotations.entries()) {
      this.event('output_text.annotation.added', { ...place, annotation_index, annotation })
    }
  }
}

/** An item as it is before anything of it has been said. */
function withoutTexts(item: Members): Members {
  const form = ITEMS[String(item.type)]
  const lists = {
    ...(item.content ? { content: [] } : {}),
    ...(item.summary ? { summary: [] } : {}),
  }
  const text = form && typeof item[form.member] === 'string' ? { [form.member]: '' } : {}
  return { ...item, ...lists, ...text, ...(item.status ? { status: 'in_progress' } : {}) }
}

/** A part as it is before anything of it has been said. */
function emptied(part: Members): Members {
  const form = PARTS[String(part.type)]
  const lists = Array.isArray(part.annotations) ? { annotations: [] } : {}
  return form === undefined ? part : { ...part, ...lists, [form.member]: '' }
}
