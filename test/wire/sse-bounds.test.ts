import { afterEach, describe, expect, test, vi } from 'vitest'
import { EventTooLarge, type SseEvent, SseScanner } from '../../src/wire/sse/sse-scanner.ts'
import { inPieces, ROOMY, rendered } from './sse.ts'

const KIB = 1024
const LINE_ENDS = ['\n', '\r\n', '\r']

afterEach(() => vi.restoreAllMocks())

/** Runs `work` and counts the bytes that Buffer.indexOf went through. */
function bytesSearched(work: () => void): number {
  const indexOf = Buffer.prototype.indexOf
  let searched = 0
  const spy = vi.spyOn(Buffer.prototype, 'indexOf').mockImplementation(function (
    this: Buffer,
    ...args: unknown[]
  ): number {
    const found = Reflect.apply(indexOf, this, args) as number
    const from = typeof args[1] === 'number' ? args[1] : 0
    searched += (found === -1 ? this.length : found + 1) - from
    return found
  })
  work()
  spy.mockRestore()
  return searched
}

/** Runs `work` and counts the bytes of buffers it allocates. */
function bytesAllocated(work: () => void): number {
  let allocated = 0
  const { allocUnsafe } = Buffer
  const spy = vi.spyOn(Buffer, 'allocUnsafe').mockImplementation((size) => {
    allocated += size
    return allocUnsafe(size)
  })
  work()
  spy.mockRestore()
  return allocated
}

function pushAll(pieces: Buffer[]): SseEvent[] {
  const scanner = new SseScanner(16 * ROOMY)
  return pieces.flatMap((piece) => scanner.push(piece))
}

describe('the work of the scanner', () => {
  test.each(LINE_ENDS)('is a few looks a byte for a thousand events in one piece: %j', (end) => {
    const stream = Buffer.from(`data: ${'x'.repeat(80)}${end}${end}`.repeat(1_000))
    const searched = bytesSearched(() => expect(pushAll([stream])).toHaveLength(1_000))
    expect(searched).toBeGreaterThan(0)
    expect(searched / stream.length).toBeLessThan(5)
  })

  test.each(LINE_ENDS)('is a few looks a byte for a large event in small pieces: %j', (end) => {
    const pieces = inPieces(Buffer.from(`data: ${'x'.repeat(256 * KIB)}${end}${end}`), 64)
    const searched = bytesSearched(() => expect(pushAll(pieces)).toHaveLength(1))
    expect(searched / (256 * KIB)).toBeLessThan(5)
  })

  test('is a few looks a byte where a CR stands at the end of many events', () => {
    const stream = Buffer.from(`${'data: x\n\n'.repeat(5_000)}data: y\r\n\r\n`)
    const searched = bytesSearched(() => expect(pushAll([stream])).toHaveLength(5_001))
    expect(searched / stream.length).toBeLessThan(5)
  })

  test('copies a large event that comes in small pieces a constant number of times', () => {
    const pieces = inPieces(Buffer.from(`data: ${'x'.repeat(512 * KIB)}\n\n`), 64)
    const allocated = bytesAllocated(() => expect(pushAll(pieces)).toHaveLength(1))
    expect(allocated).toBeLessThan(4 * 512 * KIB)
  })

  test('copies nothing where every piece ends with an event', () => {
    const pieces = Array.from({ length: 100 }, () => Buffer.from('data: {"a":1}\n\n'.repeat(50)))
    expect(bytesAllocated(() => expect(pushAll(pieces)).toHaveLength(5_000))).toBe(0)
  })
})

describe('the bound of the scanner', () => {
  test.each(['data: ', ': ', 'x'])('breaks a line that never ends: %j', (start) => {
    const scanner = new SseScanner(64 * KIB)
    scanner.push(Buffer.from(start))
    const piece = Buffer.alloc(KIB, 'x')
    let taken = 0
    const endless = () => {
      for (; taken < ROOMY; taken += KIB) scanner.push(piece)
    }
    expect(endless).toThrow(EventTooLarge)
    expect(taken).toBeLessThanOrEqual(64 * KIB)
  })

  test('breaks lines that never become an event', () => {
    const scanner = new SseScanner(64 * KIB)
    const lines = Buffer.from('data: x\n'.repeat(100))
    const endless = () => {
      for (let bytes = 0; bytes < ROOMY; bytes += lines.length) scanner.push(lines)
    }
    expect(endless).toThrow(EventTooLarge)
  })

  test('counts an event, not the stream: any number of events that fit pass', () => {
    const scanner = new SseScanner(KIB)
    const event = Buffer.from(`data: ${'x'.repeat(1_000)}\n\n`)
    const pieces = inPieces(Buffer.concat(Array(1_000).fill(event)), 700)
    expect(pieces.flatMap((piece) => scanner.push(piece))).toHaveLength(1_000)
  })
})

describe('an event that was handed out', () => {
  test.each([1, 7, 13, 64, 1_000, 5_000])('keeps its bytes while pieces of %i follow', (size) => {
    const texts = Array.from({ length: 400 }, (_, n) => {
      const length = (n * 37) % 300
      return `data: ${n} ${String.fromCharCode(97 + (n % 26)).repeat(length)}\n\n`
    })
    const events = pushAll(inPieces(Buffer.from(texts.join('')), size))
    expect(events.map(rendered)).toEqual(texts)
    expect(events.every((event) => event.canonical !== null)).toBe(true)
  })
})
