import { type EventLines, readEvent, readUnended, type SseEvent } from './sse-event.ts'

export type { SseEvent } from './sse-event.ts'

const LF = 0x0a
const CR = 0x0d

const CARRY_BYTES_MIN = 1_024
const NOTHING = Buffer.alloc(0)

/** An event larger than the scanner's bound: the stream can not go on. */
export class EventTooLarge extends Error {
  override readonly name = 'EventTooLarge'
}

/**
 * Splits a byte stream into SSE events, incrementally and bounded (W-62, W-63). Each byte is
 * looked at once for a LF and once for a CR, however the stream is cut, and at most one incomplete
 * event is kept.
 */
export class SseScanner {
  readonly #eventBytesMax: number
  readonly #named: boolean
  /** The incomplete event; `#length` bytes of it are in use, and were looked at. */
  #carry = NOTHING
  #length = 0
  /** Where its last line begins. */
  #lineStart = 0
  #lines: EventLines = noLines()
  #atStart = true

  /** @param named reads the names of events; those of chat completions count for nothing (W-52) */
  constructor(eventBytesMax: number, named = false) {
    this.#eventBytesMax = eventBytesMax
    this.#named = named
  }

  /**
   * Takes the next bytes and returns the events they complete, comments and empty ones left out.
   * @throws EventTooLarge
   */
  push(chunk: Buffer): SseEvent[] {
    const events: SseEvent[] = []
    const known = this.#length
    const bytes = known > 0 ? this.#append(chunk) : chunk
    let start = this.#atStart ? this.#skipByteOrderMark(bytes) : 0
    let lineStart = Math.max(this.#lineStart, start)
    let feed = bytes.indexOf(LF, known)
    let carriage = bytes.indexOf(CR, known)
    for (;;) {
      const returns = carriage !== -1 && (feed === -1 || carriage < feed)
      const lineEnd = returns ? carriage : feed
      if (lineEnd === -1) break
      const next = returns && feed === lineEnd + 1 ? lineEnd + 2 : lineEnd + 1
      if (returns) this.#lines.returned = true
      if (lineEnd > lineStart) {
        if (this.#lines.count === 0) this.#lines.firstEnd = lineEnd - start
        this.#lines.count += 1
      } else if (lineEnd === start || bytes[lineEnd] !== LF || bytes[lineEnd - 1] !== CR) {
        const event = readEvent(bytes.subarray(start, next), this.#lines, this.#named)
        if (event !== null) events.push(event)
        this.#lines = noLines()
        start = next
      } // else it is the LF of a CR that came before it, in another piece
      lineStart = next
      if (returns) carriage = bytes.indexOf(CR, next)
      if (feed !== -1 && feed < next) feed = bytes.indexOf(LF, next)
    }
    this.#lineStart = lineStart - start
    this.#keep(bytes, start)
    return events
  }

  /** The bytes left when the stream ends: a last event without its blank line, or null. */
  end(): SseEvent | null {
    const left = this.#carry.subarray(0, this.#length)
    const event = readUnended(left, this.#lines, this.#named)
    this.#length = 0
    return event
  }

  #append(chunk: Buffer): Buffer {
    const length = this.#length + chunk.length
    if (length > this.#carry.length) {
      const grown = Buffer.allocUnsafe(roomFor(length))
      this.#carry.copy(grown, 0, 0, this.#length)
      this.#carry = grown
    }
    chunk.copy(this.#carry, this.#length)
    this.#length = length
    return this.#carry.subarray(0, length)
  }

  #keep(bytes: Buffer, start: number): void {
    const left = bytes.length - start
    if (left > this.#eventBytesMax) {
      throw new EventTooLarge(`an SSE event is larger than ${this.#eventBytesMax} bytes`)
    }
    if (left === 0) {
      this.#carry = NOTHING // events handed out may point into the old one
      this.#length = 0
    } else if (this.#length > 0 && start === 0) {
      this.#length = left
    } else {
      const rest = Buffer.allocUnsafe(roomFor(left))
      bytes.copy(rest, 0, start)
      this.#carry = rest
      this.#length = left
    }
  }

  /** A byte order mark is not part of the first event; its bytes may come one by one. */
  #skipByteOrderMark(bytes: Buffer): number {
    if (bytes[0] !== 0xef) {
      this.#atStart = bytes.length === 0
      return 0
    }
    if (bytes.length < 3) return 0
    this.#atStart = false
    return bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  }
}

/** Room for as much again, so that each byte is copied a constant number of times. */
function roomFor(length: number): number {
  return Math.max(length * 2, CARRY_BYTES_MIN)
}

function noLines(): EventLines {
  return { count: 0, firstEnd: 0, returned: false }
}
