/** Answers one request on a socket: at once as JSON, or as a paced stream. */
import type { Socket } from 'node:net'
import { closingEvents, contentEvent, JSON_ANSWER } from '../answers.ts'
import { Pace } from './pace.ts'

/** Bounds of what a request body may ask for. */
const MAX_CHUNKS = 100_000
const MAX_DELAY_MS = 60_000

const EMPTY_LIST = Buffer.from('{"object":"list","data":[]}')
const JSON_HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: '
const STREAM_HEAD = Buffer.from(
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n' +
    'transfer-encoding: chunked\r\n\r\n',
)
const COMPLETION = wholeAnswer(JSON_ANSWER)
const MODELS = wholeAnswer(EMPTY_LIST)

const paces = new Map<number, Pace>()
const streams = new Map<string, Buffer[]>()

interface Wanted {
  stream?: boolean
  stream_options?: { include_usage?: boolean }
  sandbox?: { chunks?: number; delay_ms?: number }
}

/** Writes the answer; `finished` is called once all of it was handed to the socket. */
export function answer(socket: Socket, method: string, body: Buffer, finished: () => void): void {
  if (method !== 'POST') {
    socket.write(MODELS)
    finished()
    return
  }
  const wanted = JSON.parse(body.toString()) as Wanted
  if (wanted.stream !== true) {
    socket.write(COMPLETION)
    finished()
    return
  }
  const chunks = bounded(wanted.sandbox?.chunks ?? 1, 1, MAX_CHUNKS)
  const delayMs = bounded(wanted.sandbox?.delay_ms ?? 0, 0, MAX_DELAY_MS)
  const writes = streamWrites(chunks, wanted.stream_options?.include_usage === true)
  startStream(socket, writes, paceOf(delayMs), finished)
}

function startStream(socket: Socket, writes: Buffer[], pace: Pace, finished: () => void): void {
  let next = 0
  const step = (): boolean => {
    if (socket.destroyed) return false
    if (socket.writableNeedDrain) return true
    const bytes = writes[next++]
    if (bytes) socket.write(bytes)
    if (next < writes.length) return true
    finished()
    return false
  }
  if (step()) pace.add(step)
}

/** One buffer a write: the head with the first event, one event each, then the closing events. */
function streamWrites(chunks: number, usage: boolean): Buffer[] {
  const key = `${chunks} ${usage}`
  const known = streams.get(key)
  if (known) return known
  const writes: Buffer[] = []
  for (let index = 0; index < chunks; index++) writes.push(frame(contentEvent(index, chunks)))
  if (writes[0]) writes[0] = Buffer.concat([STREAM_HEAD, writes[0]])
  const closing = frame(closingEvents({ chunks, usage }))
  writes.push(Buffer.concat([closing, Buffer.from('0\r\n\r\n')]))
  streams.set(key, writes)
  return writes
}

function frame(events: string): Buffer {
  return Buffer.from(`${Buffer.byteLength(events).toString(16)}\r\n${events}\r\n`)
}

function wholeAnswer(body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${JSON_HEAD}${body.length}\r\n\r\n`), body])
}

function paceOf(delayMs: number): Pace {
  let pace = paces.get(delayMs)
  if (!pace) {
    pace = new Pace(delayMs)
    paces.set(delayMs, pace)
  }
  return pace
}

function bounded(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, Math.trunc(value)))
}
