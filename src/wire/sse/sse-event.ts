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

/** What is known of the lines of an event when its end was found. */
export type EventLines = {
  /** How many it has; the blank one does not count. */
  count: number
  /** Where the line feed of its first one stands. */
  firstEnd: number
  /** Whether there may be a CR in it. */
  returned: boolean
}

const COLON = 0x3a
/** Characters that are read of an error that is not JSON. */
const ERROR_CHARS_MAX = 1_000

const DATA_START = Buffer.from('data: ')
const NAME_START = Buffer.from('event: ')

/**
 * Reads the bytes of an event, its blank line with it.
 * @param named reads its name too
 * @returns null where it has no data: a comment, or nothing
 */
export function readEvent(bytes: Buffer, lines: EventLines, named: boolean): SseEvent | null {
  if (lines.count === 0) return null
  if (lines.count === 1 && bytes[0] === COLON) return null
  const canonical = lines.returned ? null : readCanonical(bytes, lines, named)
  return withData(canonical ?? readLines(linesOf(bytes, lines), named))
}

/** The same for the bytes of an event without its blank line, with which a stream ends. */
export function readUnended(bytes: Buffer, lines: EventLines, named: boolean): SseEvent | null {
  return withData(readLines(linesOf(bytes, { ...lines, count: lines.count + 1 }), named))
}

function withData(event: SseEvent): SseEvent | null {
  return event.data.trim() === '' ? null : event
}

/** An event as nearly all are written: its bytes are forwarded as they are. */
function readCanonical(bytes: Buffer, lines: EventLines, named: boolean): SseEvent | null {
  const isNamed = named && lines.count === 2 && begins(bytes, 0, NAME_START)
  if (!isNamed && lines.count !== 1) return null
  const dataStart = isNamed ? lines.firstEnd + 1 : 0
  if (!begins(bytes, dataStart, DATA_START)) return null
  const name = isNamed ? bytes.toString('utf8', NAME_START.length, lines.firstEnd) : undefined
  if (name !== name?.trim()) return null
  const data = bytes.toString('utf8', dataStart + DATA_START.length, bytes.length - 2)
  return name === undefined ? { data, canonical: bytes } : { data, name, canonical: bytes }
}

function linesOf(bytes: Buffer, { count, firstEnd, returned }: EventLines): string[] {
  if (count === 1) return [bytes.toString('utf8', 0, firstEnd || bytes.length)]
  return bytes.toString('utf8').split(returned ? /\r\n|\n|\r/ : '\n')
}

function readLines(lines: readonly string[], named: boolean): SseEvent {
  const data: string[] = []
  let name: string | undefined
  for (const line of lines) {
    if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5))
    else if (line === 'data') data.push('')
    else if (line.startsWith('error:')) data.push(errorField(line.slice(6).trim()))
    else if (named && line.startsWith('event:')) name = line.slice('event:'.length).trim()
  }
  const event = { data: data.join('\n'), canonical: null }
  return name === undefined ? event : { ...event, name }
}

/** llama.cpp sends its errors in a field that no client reads (W-67). */
function errorField(value: string): string {
  if (value.startsWith('{')) return `{"error":${value}}`
  return JSON.stringify({ error: value.slice(0, ERROR_CHARS_MAX).replace(/\p{Cc}/gu, ' ') })
}

function begins(bytes: Buffer, at: number, start: Buffer): boolean {
  const end = at + start.length
  return end <= bytes.length && start.compare(bytes, at, end) === 0
}
