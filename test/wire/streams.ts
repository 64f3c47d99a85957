import type { Endpoint } from '../../src/endpoints/endpoint.ts'
import { ENDPOINTS } from '../../src/endpoints/index.ts'
import { sseEvent } from '../../src/wire/sse/events.ts'
import type { StreamTap } from '../../src/wire/sse/stream-tap.ts'
import { chunk, FINISH, OPENING, says } from './tap.ts'

/** A stream of one endpoint, in one shape. */
export type Shape = { path: string; shape: string; stream: string }

const USAGE = { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 }
const INPUT = { input_tokens: 9, output_tokens: 4, total_tokens: 13 }
const TEXT = 'a€😀é\\u00e9'
const IMAGE = 'iVBORw0KGgo='

const usage = (more = USAGE) => `,"usage":${JSON.stringify(more)}`
const plain = (...data: string[]) => data.map((one) => sseEvent(one)).join('')
const named = (...data: object[]) =>
  data.map((one) => sseEvent(JSON.stringify(one), (one as { type?: string }).type)).join('')
const done = (stream: string) => `${stream}data: [DONE]\n\n`
const text = (words: string, finish: string | null = null) =>
  JSON.stringify({
    ...{ id: 'cmpl-1', object: 'text_completion', created: 1, model: 'm' },
    choices: [{ text: words, index: 0, finish_reason: finish }],
  })
const calls = (call: object) =>
  chunk(JSON.stringify({ index: 0, delta: { tool_calls: [call] }, finish_reason: null }))

const CHAT: Record<string, string> = {
  plain: done(plain(OPENING, chunk(says(TEXT)), chunk(FINISH), chunk('', usage()))),
  'usage in every chunk': done(plain(OPENING, chunk(says(TEXT), usage()), chunk(FINISH, usage()))),
  'usage of Groq': done(
    plain(OPENING, chunk(FINISH, `,"x_groq":{"id":"r","usage":${JSON.stringify(USAGE)}}`)),
  ),
  'usage null': done(plain(OPENING, chunk(says(TEXT), ',"usage":null'), chunk(FINISH))),
  'usage before the end': done(plain(OPENING, chunk('', usage()), chunk(FINISH))),
  'error null': done(plain(OPENING, chunk(says(TEXT), ',"error":null'), chunk(FINISH))),
  careless: done(plain(`{"choices":[{"delta":{"content":"${TEXT}"}}]}`, '{"choices":[{}]}')),
  'tool calls without index': done(
    plain(OPENING, calls({ id: 'a', function: { name: 'f' } }), calls({ id: 'b' }), chunk(FINISH)),
  ),
  'two choices': done(plain(chunk(`${says('a', 0)},${says(TEXT, 1)}`), chunk(FINISH))),
  'of Azure': done(plain('{"id":"","choices":[],"prompt_filter_results":[]}', chunk(FINISH))),
  'an error': plain(OPENING, '{"error":{"message":"no"}}', chunk(FINISH)),
  'an error field': `${plain(OPENING)}error: {"message":"no"}\n\n`,
  garbage: plain(OPENING, '<html>'),
  'no end': plain(OPENING, chunk(says(TEXT))),
  'no [DONE]': plain(OPENING, chunk(FINISH)).trimEnd(),
}

const RESPONSE = { id: 'resp_1', model: 'm', output: [] }
const said = (delta: string) => ({ type: 'response.output_text.delta', delta, sequence_number: 1 })
const begun = { type: 'response.created', response: RESPONSE, sequence_number: 0 }
const completed = { type: 'response.completed', response: { ...RESPONSE, usage: INPUT } }

const RESPONSES: Record<string, string> = {
  plain: named(begun, said(TEXT), completed),
  'names only in the data': plain(
    ...[begun, said(TEXT), completed].map((one) => JSON.stringify(one)),
  ),
  'names only on their line': [begun, said(TEXT), completed]
    .map(({ type, ...rest }) => sseEvent(JSON.stringify(rest), type))
    .join(''),
  'failed midway': named(begun, said(TEXT), { type: 'response.failed', response: { error: {} } }),
  'an error': named(begun, said(TEXT), { type: 'error', message: 'no' }),
  'no end': named(begun, said(TEXT)),
}

const start = { type: 'message_start', message: { model: 'm', usage: { input_tokens: 9 } } }
const block = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: TEXT } }
const stops = {
  type: 'message_delta',
  delta: { stop_reason: 'end_turn' },
  usage: { output_tokens: 4 },
}

const MESSAGES: Record<string, string> = {
  plain: named(start, { type: 'ping' }, block, stops, { type: 'message_stop' }),
  'no last event': named(start, block, stops),
  'an error': named(start, block, { type: 'error', error: { type: 'overloaded_error' } }),
}

const ENDS: Record<string, (stream: string) => string> = {
  LF: (stream) => stream,
  'CR LF and comments': (stream) => `: hi\n\n${stream}: bye\n\n`.replaceAll('\n', '\r\n'),
  'CR, no space': (stream) =>
    `\u{feff}${stream.replaceAll('data: ', 'data:')}`.replaceAll('\n', '\r'),
}

/** Every shape of stream, small, of every endpoint that streams, in every way to end lines. */
export const SHAPES: Shape[] = Object.entries({
  '/chat/completions': CHAT,
  '/completions': {
    plain: done(plain(text(TEXT), text('', 'stop'), `{"choices":[]${usage()}}`)),
    careless: done(plain(`{"choices":[{"text":"${TEXT}","finish_reason":"eos_token"}]}`)),
  },
  '/responses': RESPONSES,
  '/messages': MESSAGES,
  '/images/generations': {
    plain: named({ type: 'image_generation.completed', b64_json: IMAGE, usage: INPUT }),
  },
  '/audio/speech': {
    plain: named(
      { type: 'speech.audio.delta', audio: IMAGE },
      { type: 'speech.audio.done', usage: INPUT },
    ),
  },
  '/audio/transcriptions': {
    plain: named(
      { type: 'transcript.text.delta', delta: TEXT },
      { type: 'transcript.text.done', text: TEXT, usage: { type: 'tokens', ...INPUT } },
    ),
  },
}).flatMap(([path, shapes]) =>
  Object.entries(shapes).flatMap(([name, stream]) =>
    Object.entries(ENDS).map(([ends, dress]) => ({
      path,
      shape: `${path}: ${name}, ${ends}`,
      stream: dress(stream),
    })),
  ),
)

/** The tap of an endpoint, for a client that wants usage or not, under a public name or not. */
export function tapOf(path: string, wantsUsage: boolean, alias: string | null): StreamTap {
  const endpoint = ENDPOINTS.find((one) => one.path === path) as Endpoint
  const request = { wantsUsage, wantsContinuousUsage: false } as never
  const origin = { id: '0199', created: 1, model: 'house/m' }
  return endpoint.tap?.(request, { keepText: true, alias, origin }) as StreamTap
}
