import { type SseEvent, SseScanner } from '../../src/wire/sse/sse-scanner.ts'

/** Larger than any event of these tests. */
export const ROOMY = 1024 * 1024

/** Reads a stream that arrives in these pieces: each event as the relay would send it. */
export function readPieces(pieces: readonly Buffer[], eventBytesMax = ROOMY): string[] {
  const scanner = new SseScanner(eventBytesMax)
  const events = pieces.flatMap((piece) => scanner.push(piece))
  const last = scanner.end()
  return [...events, ...(last ? [last] : [])].map(rendered)
}

/** The event as the relay sends it, but for line feeds inside its data. */
export function rendered(event: SseEvent): string {
  return event.canonical?.toString() ?? `data: ${event.data}\n\n`
}

/** Cuts bytes at these positions. */
export function cutAt(bytes: Buffer, positions: readonly number[]): Buffer[] {
  const borders = [0, ...positions, bytes.length]
  return borders.slice(1).map((end, piece) => bytes.subarray(borders[piece], end))
}

/** Cuts bytes into pieces of this size, copied, so that no piece sees its neighbour. */
export function inPieces(bytes: Buffer, size: number): Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) {
    pieces.push(Buffer.from(bytes.subarray(at, at + size)))
  }
  return pieces
}
