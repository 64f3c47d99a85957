/** One SSE event with data. */
export type SseEvent = {
  /** Its `data:` lines, joined by line feeds. */
  data: string
  /** What its `event:` line says, where names are read. */
  name?: string
  /**
   * The event's own bytes when they are exactly `data: <one line>\n\n`, after a line with its name
   * where it has one; else null.
   */
  canonical: Buffer | null
}

const LF = 0x0a
const CR = 0x0d
/** Characters that are read of an error that is not JSON. */
const ERROR_CHARS_MAX = 1_000

const CARRY_BYTES_MIN = 1_024
const NOTHING = Buffer.alloc(0)
const CANONICAL_START = Buffer.from('data: ')
const NAME_START = Buffer.from('event: ')

/** An event larger than the scanner's bound: the stream can not go on. */
export class EventTooLarge extends Error {
  override readonly name = 'EventTooLarge'
}

/**
 * Splits a byte stream into SSE events, incrementally and bounded (W-62, W-63). Each byte is
 * looked at a constant number of times however the stream is cut, and at most one incomplete
 * event is kept.
 */
export class SseScanner {
  readonly #eventBytesMax: number
  readonly #named: boolean
  /** The incomplete event; `#length` bytes of it are in use. */
  #carry = NOTHING
  #length = 0
  /** A blank line can not begin before this position of the carry. */
  #scanned = 0
  /** Whether there may be a CR before that position. */
  #returned = false
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
    const carried = this.#length > 0
    const bytes = carried ? this.#append(chunk) : chunk
    let start = this.#atStart ? this.#skipByteOrderMark(bytes) : 0
    let from = carried ? this.#scanned : start
    let returned = carried && this.#returned
    let carriage = bytes.indexOf(CR, from)
    for (;;) {
      if (carriage !== -1 && carriage < from) carriage = bytes.indexOf(CR, from)
      const end = endOfEvent(bytes, from, carriage)
      if (end === -1) break
      const event = this.#read(bytes.subarray(start, end), returned || carriage !== -1)
      if (event !== null) events.push(event)
      returned = false
      start = end
      from = end
    }
    this.#returned = returned || carriage !== -1
    this.#keep(bytes, start)
    return events
  }

  /** The bytes left when the stream ends: a last event without its blank line, or null. */
  end(): SseEvent | null {
    const event = this.#read(this.#carry.subarray(0, this.#length), true)
    this.#length = 0
    return event && { ...event, canonical: null }
  }

  #read(bytes: Buffer, returns: boolean): SseEvent | null {
    return this.#named ? readNamedEvent(bytes, returns) : readEvent(bytes, returns)
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
    this.#scanned = Math.max(0, left - 3) // a blank line is at most CR LF CR LF
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

/**
 * @param carriage the position of the first CR at or after `from`, or -1
 * @returns the position after the first blank line that begins at or after `from`, or -1
 */
function endOfEvent(bytes: Buffer, from: number, carriage: number): number {
  // Not a byte beyond the CR: of a stream that ends lines with CR LF this reads one event at a
  // time.
  const plainBytes = carriage === -1 ? bytes : bytes.subarray(0, carriage)
  const plain = plainBytes.indexOf('\n\n', from)
  if (plain !== -1) return plain + 2
  return carriage === -1 ? -1 : endOfEventWithReturns(bytes, from)
}

/** The same for streams that end lines with CR or CR LF. */
function endOfEventWithReturns(bytes: Buffer, from: number): number {
  let ended = -1 // the position after the previous line end
  for (let at = from; at < bytes.length; at += 1) {
    const byte = bytes[at]
    if (byte !== LF && byte !== CR) continue
    const next = byte === CR && bytes[at + 1] === LF ? at + 2 : at + 1
    if (ended === at) return next
    ended = next
    at = next - 1
  }
  return -1
}

/** @param returns whether there may be a CR in it */
function readEvent(bytes: Buffer, returns: boolean): SseEvent | null {
  const canonical = !returns && isCanonical(bytes)
  const data = canonical ? bytes.toString('utf8', 6, bytes.length - 2) : dataOf(bytes)
  return data.trim() === '' ? null : { data, canonical: canonical ? bytes : null }
}

function readNamedEvent(bytes: Buffer, returns: boolean): SseEvent | null {
  if (!returns && bytes.subarray(0, NAME_START.length).equals(NAME_START)) {
    const end = bytes.indexOf(LF)
    const event = readEvent(bytes.subarray(end + 1), false)
    const name = bytes.toString('utf8', NAME_START.length, end)
    if (event?.canonical && name === name.trim()) {
      return { data: event.data, name, canonical: bytes }
    }
  }
  const event = readEvent(bytes, returns)
  if (event === null || event.canonical !== null) return event
  const line = bytes
    .toString('utf8')
    .split(/\r\n|\n|\r/)
    .findLast((one) => one.startsWith('event:'))
  return line === undefined ? event : { ...event, name: line.slice('event:'.length).trim() }
}

function dataOf(bytes: Buffer): string {
  const data: string[] = []
  for (const line of bytes.toString('utf8').split(/\r\n|\n|\r/)) {
    if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5))
    else if (line === 'data') data.push('')
    else if (line.startsWith('error:')) data.push(errorField(line.slice(6).trim()))
  }
  return data.join('\n')
}

/** llama.cpp sends its errors in a field that no client reads (W-67). */
function errorField(value: string): string {
  return value.startsWith('{')
    ? `{"error":${value}}`
    : JSON.stringify({ error: value.slice(0, ERROR_CHARS_MAX) })
}

/** Exactly one `data: ` line, and no CR: such an event is forwarded as it is. */
function isCanonical(bytes: Buffer): boolean {
  const last = bytes.length - 2
  return (
    last > CANONICAL_START.length &&
    bytes[last] === LF &&
    bytes[last + 1] === LF &&
    CANONICAL_START.compare(bytes, 0, CANONICAL_START.length) === 0 &&
    bytes.indexOf(LF) === last
  )
}
