import { elementsOf, textOfMember } from '../json/json-members.ts'
import { sseEvent } from '../sse/events.ts'
import { asObject } from './answer.ts'

type Members = Record<string, unknown>

/**
 * The event stream that says the same as a message of Anthropic's API that came in one piece, for
 * a client that asked for a stream (W-69): its blocks one after the other, each in one piece.
 * @param body JSON with an array `content`
 */
export function messageAsStream(body: string): string {
  const { content, stop_reason, stop_sequence = null, ...rest } = JSON.parse(body) as Members
  const usage = asObject(rest.usage)
  const begun = { ...rest, content: [], stop_reason: null, stop_sequence: null }
  const message = usage === null ? begun : { ...begun, usage: { ...usage, output_tokens: 0 } }
  const list = textOfMember(body, 'content') ?? '[]'
  const texts = elementsOf(list).map(({ start, end }) => list.slice(start, end))
  const blocks = (content as unknown[]).flatMap((block, index) =>
    blockEvents(asObject(block) ?? {}, texts[index] ?? '{}', index),
  )
  return [
    event('message_start', { message }),
    ...blocks,
    event('message_delta', {
      delta: { stop_reason: stop_reason ?? 'end_turn', stop_sequence },
      ...(usage !== null && { usage }),
    }),
    event('message_stop', {}),
  ].join('')
}

/** @param text the block as it is written: numbers in it may be none that JSON.parse can keep */
function blockEvents(block: Members, text: string, index: number): string[] {
  const { begun, deltas } = told(block, text)
  return [
    event('content_block_start', { index, content_block: begun }),
    ...deltas.map((delta) => event('content_block_delta', { index, delta })),
    event('content_block_stop', { index }),
  ]
}

/** What of a block stands in the event that begins it, and what comes after that. */
function told(block: Members, text: string): { begun: Members; deltas: Members[] } {
  const { type, text: said, thinking, signature, citations, input } = block
  if (type === 'text') {
    const cited = Array.isArray(citations) ? citations : []
    const deltas = cited.map((citation): Members => ({ type: 'citations_delta', citation }))
    deltas.push({ type: 'text_delta', text: said })
    return { begun: { ...block, text: '', ...(cited.length > 0 && { citations: [] }) }, deltas }
  }
  if (type === 'thinking') {
    const deltas: Members[] = [{ type: 'thinking_delta', thinking }]
    if (signature) deltas.push({ type: 'signature_delta', signature })
    return { begun: { ...block, thinking: '', signature: '' }, deltas }
  }
  if (input === undefined) return { begun: block, deltas: [] }
  const json = (textOfMember(text, 'input') ?? '{}').trim()
  const deltas = [{ type: 'input_json_delta', partial_json: json }]
  return { begun: { ...block, input: {} }, deltas }
}

function event(type: string, members: Members): string {
  return sseEvent(JSON.stringify({ type, ...members }), type)
}
