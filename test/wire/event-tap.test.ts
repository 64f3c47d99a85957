import { describe, expect, test } from 'vitest'
import { messages } from '../../src/endpoints/messages.ts'
import { responses } from '../../src/endpoints/responses.ts'
import { ProxyError } from '../../src/errors.ts'
import { sseEvent } from '../../src/wire/sse/events.ts'
import { SseScanner } from '../../src/wire/sse/sse-scanner.ts'
import type { StreamTap } from '../../src/wire/sse/stream-tap.ts'

const NO_USAGE = { promptTokens: 0, cachedTokens: 0, completionTokens: 0, reasoningTokens: 0 }
const responsesTap = (alias?: string) =>
  responses.tap?.({} as never, { keepText: true, alias: alias ?? null }) as StreamTap
const messagesTap = () => messages.tap?.({} as never, { keepText: true }) as StreamTap

/** Passes a stream through a tap: what is sent, and what each event was taken for. */
function pass(tap: StreamTap, stream: string) {
  const scanner = new SseScanner(1_000_000, tap.named)
  const kinds: string[] = []
  let sent = ''
  for (const event of scanner.push(Buffer.from(stream))) {
    const verdict = tap.read(event)
    kinds.push(verdict.kind)
    if (verdict.kind === 'forward') sent += event.canonical ?? sseEvent(event.data, event.name)
    if (verdict.kind === 'rewrite') sent += sseEvent(verdict.data, verdict.name)
  }
  return { kinds, sent }
}

const event = (type: string, fields: object = {}) =>
  sseEvent(JSON.stringify({ type, ...fields }), type)
const DELTA = event('response.output_text.delta', { delta: 'Hi', sequence_number: 4 })
const COMPLETED = event('response.completed', {
  response: { model: 'm', output: [], usage: { input_tokens: 9, output_tokens: 4 } },
})

describe('the name of an event', () => {
  test('is left as it is where the data repeat it', () => {
    expect(pass(responsesTap(), DELTA)).toEqual({ kinds: ['forward'], sent: DELTA })
  })

  test.each([
    ['no event line', DELTA.replace(/^event: .*\n/, '')],
    ['another name', DELTA.replace(/^event: .*\n/, 'event: message\n')],
    ['a name without a space', DELTA.replace('event: ', 'event:')],
    ['a name after the data', DELTA.replace(/^(event: .*\n)(data: .*\n)/, '$2$1')],
    ['carriage returns', DELTA.replaceAll('\n', '\r\n')],
  ])('is what the data say: %s', (_, stream) => {
    expect(pass(responsesTap(), stream).sent).toBe(DELTA)
  })

  test('is written into data that do not have it', () => {
    const bare = DELTA.replace('"type":"response.output_text.delta",', '')
    const { sent } = pass(responsesTap(), bare)
    expect(sent).toMatch(/^event: response\.output_text\.delta\ndata: \{/)
    expect(JSON.parse(sent.split('data: ')[1] as string)).toEqual({
      type: 'response.output_text.delta',
      delta: 'Hi',
      sequence_number: 4,
    })
  })
})

test('a stream of named events is read alike wherever it is cut', () => {
  const ends = (text: string) => [text, text.replaceAll('\n', '\r\n'), text.replaceAll('\n', '\r')]
  const spaced = DELTA.replace('delta\n', 'delta \n')
  for (const text of ends(`: hi\n\n${DELTA}event: odd\n${DELTA}${spaced}`)) {
    const bytes = Buffer.from(text)
    for (let at = 0; at <= bytes.length; at += 1) {
      const scanner = new SseScanner(1_000, true)
      const pieces = [bytes.subarray(0, at), bytes.subarray(at)]
      const events = pieces.flatMap((piece) => scanner.push(piece))
      expect(events.map(({ name }) => name)).toEqual(Array(3).fill('response.output_text.delta'))
    }
  }
})

describe('what an event of a named stream is taken for', () => {
  test.each([
    ['data: {"delta":"x"}\n\n', 'garbage'],
    ['data: <html>\n\n', 'garbage'],
    ['data: []\n\n', 'garbage'],
    ['data: [DONE]\n\n', 'withhold'],
    ['event: ping\ndata: {"type":"ping"}\n\n', 'withhold'],
    ['event: keepalive\ndata: {"type":"keepalive","sequence_number":3}\n\n', 'withhold'],
    ['event: error\ndata: {"type":"error","message":"no"}\n\n', 'error'],
    ['data: {"error":{"message":"no"}}\n\n', 'error'],
    [event('response.failed', { response: { error: { message: 'no' } } }), 'error'],
    [event('response.of_the_future', { x: 1 }), 'forward'],
    [COMPLETED, 'done'],
    [event('response.incomplete', { response: {} }), 'done'],
  ])('%j is %s', (stream, kind) => {
    expect(pass(responsesTap(), stream).kinds).toEqual([kind])
  })

  test('a ping of messages passes once the message has begun', () => {
    const ping = event('ping')
    expect(pass(messagesTap(), ping).kinds).toEqual(['withhold'])
    const start = event('message_start', { message: {} })
    expect(pass(messagesTap(), start + ping).kinds).toEqual(['forward', 'forward'])
  })
})

test('the last event is held back, and is what ends the stream', () => {
  const tap = responsesTap()
  expect(pass(tap, DELTA + COMPLETED).sent).toBe(DELTA)
  expect(tap.ending(NO_USAGE)).toBe(COMPLETED)
  expect(tap.usage).toMatchObject({ promptTokens: 9, completionTokens: 4 })
})

test('the public name of a model stands in every response of a stream', () => {
  const tap = responsesTap('house/m')
  const created = event('response.created', { response: { id: 'r', model: 'secret', x: 1.5 } })
  expect(pass(tap, created).sent).toBe(created.replace('secret', 'house/m'))
  pass(tap, COMPLETED)
  expect(tap.ending(NO_USAGE)).toContain('"model":"house/m"')
})

test('nothing has begun before a response says more than that it was created', () => {
  const tap = responsesTap()
  pass(tap, event('response.created', { response: {} }) + event('response.in_progress'))
  expect(tap.begun).toBe(false)
  pass(tap, DELTA)
  expect(tap.begun).toBe(true)
})

test('the text of a response that came without pieces is in its last event', () => {
  const tap = responsesTap()
  const output = [{ content: [{ text: 'Hello' }] }, { arguments: '{}' }]
  pass(tap, event('response.completed', { response: { output } }))
  expect(tap.completionLength).toBe('Hello{}'.length)
  const both = responsesTap()
  pass(both, DELTA + event('response.completed', { response: { output } }))
  expect(both.completionLength).toBe('Hi'.length)
})

test('an event that is not delivered does not count', () => {
  const tap = responsesTap()
  pass(tap, DELTA + DELTA)
  expect(tap).toMatchObject({ chunkCount: 2, completionLength: 4, text: 'HiHi', hasText: true })
  tap.takeBack()
  expect(tap).toMatchObject({ chunkCount: 1, completionLength: 2, text: 'Hi', hasText: false })
})

test('an error continues the numbers of its stream', () => {
  const tap = responsesTap()
  pass(tap, DELTA)
  expect(tap.failing(new ProxyError('upstream_error'))).toContain('"sequence_number":5')
})

const START = event('message_start', {
  message: { usage: { input_tokens: 10, cache_read_input_tokens: 30, output_tokens: 8 } },
})
const SAYS = event('content_block_delta', { delta: { type: 'text_delta', text: 'Hi' } })
const STOPS = event('message_delta', {
  delta: { stop_reason: 'end_turn' },
  usage: { output_tokens: 5 },
})

test('a message has its input from the first event, and its output from the last', () => {
  const tap = messagesTap()
  pass(tap, START + SAYS)
  expect(tap.usage).toMatchObject({ promptTokens: 40, cachedTokens: 30, completionTokens: 0 })
  pass(tap, STOPS)
  expect(tap.usage).toMatchObject({ promptTokens: 40, cachedTokens: 30, completionTokens: 5 })
})

test('a message that says why it stops may end there, and is given its last event', () => {
  const tap = messagesTap()
  pass(tap, START + SAYS)
  expect(tap.finished).toBe(false)
  pass(tap, STOPS)
  expect(tap.finished).toBe(true)
  expect(tap.ending(NO_USAGE)).toBe(event('message_stop'))
})
