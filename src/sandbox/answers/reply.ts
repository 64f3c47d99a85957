/** A text of `length` characters that repeats a source, read piece by piece and never built. */
export type Reply = {
  readonly length: number
  /** The source, repeated so far that any piece is one slice of it. */
  readonly window: string
  readonly period: number
  /** No character of it needs an escape in JSON. */
  readonly plain: boolean
}

/** The first `length` characters of `source` repeated for ever, to be read in pieces of `piece`. */
export function repeatText(source: string, length: number, piece: number): Reply {
  if (source === '' || length === 0) return { length: 0, window: '', period: 1, plain: true }
  const reach = Math.min(length, source.length + piece)
  const window = source.repeat(Math.ceil(reach / source.length))
  const plain = JSON.stringify(window).length === window.length + 2
  const whole = { length, window, period: source.length, plain }
  // A limit that falls between the two halves of an emoji leaves the emoji out.
  return isHighSurrogate(window, (length - 1) % source.length)
    ? { ...whole, length: length - 1 }
    : whole
}

/** The piece of `size` characters at `at`; one more where it would cut a character in two. */
export function readReply(reply: Reply, at: number, size: number): string {
  const start = at % reply.period
  const left = reply.length - at
  if (size >= left) return reply.window.slice(start, start + left)
  const end = start + size
  return reply.window.slice(start, isHighSurrogate(reply.window, end - 1) ? end + 1 : end)
}

/** The whole text. */
export function replyText(reply: Reply): string {
  const { period, window, length } = reply
  return window
    .slice(0, period)
    .repeat(Math.ceil(length / period))
    .slice(0, length)
}

/** A piece of `reply` as a JSON string. */
export function quotePiece(reply: Reply, piece: string): string {
  return reply.plain ? `"${piece}"` : JSON.stringify(piece)
}

function isHighSurrogate(text: string, index: number): boolean {
  const code = text.charCodeAt(index)
  return code >= 0xd800 && code <= 0xdbff
}
