import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { Meter } from '../../src/domain/meter.ts'
import { FREE_RATE } from '../../src/domain/prices/price.ts'
import { NO_USAGE } from '../../src/domain/usage/usage.ts'
import type { Endpoint } from '../../src/endpoints/endpoint.ts'
import { ENDPOINTS } from '../../src/endpoints/index.ts'
import type { RelayOptions } from '../../src/upstream/relay/relay.ts'
import { StreamRelay } from '../../src/upstream/relay/stream-relay.ts'
import { SHAPES, tapOf } from '../wire/streams.ts'

/** The client's side, which notes what is written. */
class Noted extends EventEmitter {
  written = ''
  isEnded = false
  readonly writableLength = 0
  writeHead(): void {}
  destroy(): void {}
  write(bytes: Buffer): boolean {
    this.written += bytes.toString('latin1')
    return true
  }
  end(bytes?: Buffer): void {
    if (bytes) this.write(bytes)
    this.isEnded = true
  }
}

const METERED = { promptTokens: 1, boundTokens: null, sliceTokens: 1, rate: FREE_RATE, amount: 1n }
const UNPAUSED = { pause() {}, resume() {}, abort() {} }

/** A relay whose client's side is watched. */
function relayOf(path: string, wantsUsage: boolean, alias: string | null) {
  const noted = new Noted()
  const options: Partial<RelayOptions> = {
    apiKey: null,
    response: noted as unknown as ServerResponse,
    endpoint: ENDPOINTS.find((one) => one.path === path) as Endpoint,
    commitMs: 0,
    meter: new Meter(METERED),
    estimate: () => NO_USAGE,
    estimation: 'character_count',
    takeOver: () => ({}),
    elsewhere: () => false,
    ended() {},
  }
  const tap = tapOf(path, wantsUsage, alias)
  const relay = new StreamRelay(options as RelayOptions, tap, UNPAUSED, 0)
  relay.done.catch(() => {}) // a failure before the first byte has a status of its own
  return { relay, noted }
}

/** The last position at which a stream that ends its lines with LF has no event begun. */
const border = (stream: string) => stream.lastIndexOf('\n\n') + 2

test.each(SHAPES.filter(({ shape }) => shape.endsWith(', LF')))(
  '$shape: each event leaves in the turn of its last byte, rewritten or not',
  ({ path, stream }) => {
    const bytes = Buffer.from(stream).toString('latin1')
    for (const [wantsUsage, alias] of [
      [false, null],
      [true, 'house/m'],
    ] as const) {
      const { relay, noted } = relayOf(path, wantsUsage, alias)
      const inOne = new Map<number, string>()
      for (let at = 1; at <= bytes.length; at += 1) {
        relay.data(Buffer.from(bytes.slice(at - 1, at), 'latin1'))
        const whole = bytes.slice(0, at).includes('\n\n') ? border(bytes.slice(0, at)) : 0
        if (!inOne.has(whole)) {
          const other = relayOf(path, wantsUsage, alias)
          other.relay.data(Buffer.from(bytes.slice(0, whole), 'latin1'))
          inOne.set(whole, other.noted.written)
        }
        if (noted.written !== inOne.get(whole)) {
          expect(noted.written, `after byte ${at}`).toBe(inOne.get(whole))
        }
      }
      expect(noted.written).toMatch(/\n\n$/)
    }
  },
)

/** Streams of which nothing changes, and how many of their last events wait for the record. */
const SOUND: [path: string, shape: string, last: number][] = [
  ['/chat/completions', 'plain', 1],
  ['/responses', 'plain', 1],
  ['/messages', 'plain', 1],
]

test.each(SOUND)('%s, %s: what is not the end has left byte for byte', (path, name, last) => {
  const { stream } = SHAPES.find(({ shape }) => shape === `${path}: ${name}, LF`) as {
    stream: string
  }
  const bytes = Buffer.from(stream)
  const events = stream.split(/(?<=\n\n)/)
  const { relay, noted } = relayOf(path, true, null)
  const ends = events.map((_, at) => Buffer.byteLength(events.slice(0, at + 1).join('')))
  for (let at = 1; at < bytes.length; at += 1) {
    relay.data(bytes.subarray(at - 1, at))
    const whole = ends.slice(0, -last).findLast((end) => end <= at) ?? 0
    expect(noted.written).toBe(bytes.subarray(0, whole).toString('latin1'))
  }
  relay.data(bytes.subarray(-1))
  expect(noted.written).toBe(bytes.toString('latin1'))
  expect(noted.isEnded).toBe(true)
})

test('of an event only what has come of it is kept, and of those before nothing', () => {
  const { relay, noted } = relayOf('/messages', false, null)
  const text = (words: string) =>
    `event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"text":"${words}"}}\n\n`
  const many = Array.from({ length: 1_000 }, (_, n) => text(`${n}`)).join('')
  relay.data(Buffer.from(many + text('last').slice(0, -1)))
  expect(noted.written).toBe(many)
  relay.data(Buffer.from('\n'))
  expect(noted.written).toBe(many + text('last'))
})
