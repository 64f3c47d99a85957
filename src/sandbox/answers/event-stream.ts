import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { EVENTS_TYPE } from '../cards/canned.ts'
import type { AnswerCard } from '../cards/card.ts'

/** Writes events to one response, each in a write of its own. */
export type EventStream = {
  /** Hands one event to the socket; false asks to wait for `res` 'drain'. */
  send(event: string | Buffer): boolean
}

/** Writes the head of an event stream at once, or of another type, then lets events follow. */
export function openEventStream(
  res: ServerResponse,
  card: AnswerCard,
  type = EVENTS_TYPE,
): EventStream {
  res.writeHead(200, {
    'content-type': type,
    'cache-control': 'no-cache',
    ...(card.gzip ? { 'content-encoding': 'gzip' } : {}),
    ...card.headers,
  })
  res.flushHeaders()
  if (!card.gzip && !card.fragmentBytes) {
    const write = (event: string | Buffer) =>
      typeof event === 'string' ? writeText(res, event) : writeBytes(res, event)
    return { send: write }
  }
  return {
    send(event) {
      // A gzip file may have several members, so each event can be one and leave at once.
      const bytes = card.gzip ? gzipSync(event) : Buffer.from(event)
      const step = card.fragmentBytes ?? bytes.length
      let hasRoom = true
      for (let at = 0; at < bytes.length; at += step) {
        hasRoom = writeBytes(res, bytes.subarray(at, at + step))
      }
      return hasRoom
    },
  }
}

function writeText(res: ServerResponse, event: string): boolean {
  // latin1 is copied as it is, and most events are ASCII.
  const isAscii = Buffer.byteLength(event) === event.length
  const hasRoom = res.write(event, isAscii ? 'latin1' : 'utf8')
  flush(res)
  return hasRoom
}

function writeBytes(res: ServerResponse, bytes: Buffer): boolean {
  const hasRoom = res.write(bytes)
  flush(res)
  return hasRoom
}

/** Node corks a response until the end of the turn; a real upstream sends each chunk by itself. */
function flush(res: ServerResponse): void {
  res.socket?.uncork()
}
