import type { Random } from './random.ts'

const TEXTS = ['', 'a', 'Hello', 'é', '€uro', '😀', ' \\n', '"', '\\', '\u0000', '\u2028', 'data: ']
const FINISHES = ['stop', 'length', 'tool_calls', null, '', 7]
const ENDS = ['\n\n', '\r\n\r\n', '\r\r', '\n\r\n', '\n', '\r\n', '\r', '']
const LINES = [
  ...[': keep-alive', ':', 'event: ping', 'event: error', 'id: 7', 'retry: 1', 'data', 'data:'],
  ...[
    'data: [DONE]',
    'data:[DONE]',
    'data: [DONE] ',
    'data: {',
    'data: 1',
    'data: null',
    'data: []',
  ],
  ...['error: {"message":"x"}', 'error: x', '{"error":{"message":"x"}}', '\u{feff}data: {}'],
  ...['data: {"error":{"message":"late"}}', 'data: {"error":null,"choices":[]}', 'field:value'],
]
const COUNTS = [0, 1, 7, -1, 1.5, 1e308, 2 ** 53, '3', null, {}]

/** What events with names are called. */
const TYPES = [
  ...['response.created', 'response.output_text.delta', 'response.completed', 'response.failed'],
  ...['message_start', 'content_block_delta', 'message_delta', 'message_stop', 'ping', 'error'],
  ...['image_generation.completed', 'image_edit.completed', 'speech.audio.delta'],
  ...['speech.audio.done', 'transcript.text.delta', 'transcript.text.done', '', 'of_the_future'],
]

/**
 * An event stream: mostly chunks of a completion or events with names, and anything that an
 * upstream might send.
 */
export function streamOf(random: Random, ofChoices: boolean): Buffer {
  const mark = random.oneIn(20) ? '\u{feff}' : ''
  const one = () => (ofChoices || random.oneIn(4) ? partOf(random) : namedOf(random))
  const parts = random.some(12, one)
  const bytes = Buffer.from(mark + parts.join('') + (random.oneIn(2) ? 'data: [DONE]\n\n' : ''))
  if (random.oneIn(8)) damage(bytes, random)
  return bytes
}

/** The stream in pieces, as a network might cut it; copied, so that none sees its neighbour. */
export function piecesOf(bytes: Buffer, random: Random): Buffer[] {
  const pieces: Buffer[] = []
  const most = random.pick([1, 3, 20, 200, bytes.length + 1])
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + 1 + random.below(most))
    pieces.push(Buffer.from(bytes.subarray(at, end)))
    at = end
  }
  return pieces
}

function partOf(random: Random): string {
  if (random.oneIn(4)) return random.pick(LINES) + random.pick(ENDS)
  if (random.oneIn(30)) return `data: ${random.pick(TEXTS).repeat(random.below(3_000))}\n\n`
  const json = chunkOf(random)
  if (random.oneIn(10)) return `data: ${json.replaceAll(',', ',\ndata: ')}\n\n`
  return `data: ${json}${random.oneIn(6) ? random.pick(ENDS) : '\n\n'}`
}

function namedOf(random: Random): string {
  const type = random.pick(TYPES)
  const event: Record<string, unknown> = { ...(!random.oneIn(5) && { type }) }
  const text = () => random.pick([...TEXTS, null, 3])
  if (random.oneIn(2)) event.delta = random.pick([text(), { text: text(), stop_reason: text() }])
  if (random.oneIn(4)) event.usage = random.oneIn(3) ? null : usageOf(random)
  if (random.oneIn(4)) event.sequence_number = random.pick(COUNTS)
  for (const member of ['response', 'message']) {
    const output = random.pick([null, 'x', [{ content: [{ text: text() }] }, null]])
    if (random.oneIn(3)) event[member] = { model: 'm', output, usage: usageOf(random) }
  }
  const end = random.oneIn(8) ? random.pick(ENDS) : '\n\n'
  const name = random.oneIn(6) ? '' : `event: ${random.oneIn(8) ? random.pick(TYPES) : type}\n`
  return `${name}data: ${JSON.stringify(event)}${end}`
}

function chunkOf(random: Random): string {
  const chunk: Record<string, unknown> = { id: 'c', object: 'chat.completion.chunk', model: 'm' }
  if (!random.oneIn(12)) chunk.choices = random.some(3, () => choiceOf(random))
  if (random.oneIn(4)) chunk.usage = random.oneIn(3) ? null : usageOf(random)
  if (random.oneIn(15)) chunk.x_groq = { usage: usageOf(random) }
  if (random.oneIn(20)) chunk.error = random.pick([null, 'x', { message: 'x', code: 429 }])
  return JSON.stringify(chunk, null, random.pick([0, 0, 0, 1]))
}

function choiceOf(random: Random): unknown {
  if (random.oneIn(25)) return random.pick([null, 1, 'x', [], {}])
  const name = random.pick(['content', 'content', 'reasoning_content', 'reasoning', 'refusal'])
  const delta: Record<string, unknown> = { [name]: random.pick([...TEXTS, null, 3]) }
  if (random.oneIn(6)) {
    const call = { name: random.pick(TEXTS), arguments: random.pick(TEXTS) }
    delta.tool_calls = random.pick([[{ index: 0, function: call }], [null], 'x', {}])
  }
  if (random.oneIn(5)) delta.role = random.pick(['assistant', '', null])
  const index = random.oneIn(20) ? random.pick([null, undefined, 'x']) : random.below(2)
  const choice = { index, delta: random.oneIn(20) ? null : delta }
  return random.oneIn(4) ? { ...choice, finish_reason: random.pick(FINISHES) } : choice
}

function usageOf(random: Random): unknown {
  if (random.oneIn(10)) return random.pick([1, 'x', [], {}])
  return {
    prompt_tokens: random.pick(COUNTS),
    completion_tokens: random.pick(COUNTS),
    ...(random.oneIn(3) && { prompt_tokens_details: { cached_tokens: random.pick(COUNTS) } }),
  }
}

/** Changes some bytes to any others. */
function damage(bytes: Buffer, random: Random): void {
  for (let count = random.below(4); count > 0 && bytes.length > 0; count -= 1) {
    bytes[random.below(bytes.length)] = random.below(256)
  }
}
