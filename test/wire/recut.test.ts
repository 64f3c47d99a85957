import { expect, test } from 'vitest'
import { ProxyError } from '../../src/errors.ts'
import { sseEvent } from '../../src/wire/sse/events.ts'
import { type SseEvent, SseScanner } from '../../src/wire/sse/sse-scanner.ts'
import { cutAt, inPieces, ROOMY } from './sse.ts'
import { SHAPES, tapOf } from './streams.ts'

const ESTIMATED = { promptTokens: 1, cachedTokens: 0, completionTokens: 1, reasoningTokens: 0 }

/** What a client is sent of a stream in these pieces, and what is charged for it. */
function relayed(path: string, pieces: Buffer[], wantsUsage: boolean, alias: string | null) {
  const tap = tapOf(path, wantsUsage, alias)
  const scanner = new SseScanner(ROOMY, tap.named)
  let sent = ''
  let isOver = false
  const take = (event: SseEvent) => {
    if (isOver) return
    const verdict = tap.read(event)
    if (verdict.kind === 'forward') {
      sent += event.canonical?.toString() ?? sseEvent(event.data, event.name)
    } else if (verdict.kind === 'rewrite') sent += sseEvent(verdict.data, verdict.name)
    else if (verdict.kind !== 'withhold') {
      const isWhole = verdict.kind === 'done'
      const told = verdict.kind === 'error' ? verdict.last?.('No.') : undefined
      sent += isWhole
        ? tap.ending(ESTIMATED)
        : (told ?? tap.failing(new ProxyError('upstream_error')))
      isOver = true
    }
  }
  for (const piece of pieces) for (const event of scanner.push(piece)) take(event)
  const last = scanner.end()
  if (last) take(last)
  const { usage, chunkCount, completionLength, text, begun, finished } = tap
  return { sent, isOver, usage, chunkCount, completionLength, text, begun, finished }
}

test.each(SHAPES)('$shape is relayed and charged alike wherever it is cut', ({ path, stream }) => {
  const bytes = Buffer.from(stream)
  for (const [wantsUsage, alias] of [
    [false, null],
    [true, 'house/m'],
  ] as const) {
    const whole = relayed(path, [bytes], wantsUsage, alias)
    expect(whole.sent).not.toBe('')
    for (let at = 1; at < bytes.length; at += 1) {
      const cut = relayed(path, cutAt(bytes, [at]), wantsUsage, alias)
      if (cut.sent !== whole.sent) expect(cut.sent, `cut at ${at}`).toBe(whole.sent)
      expect(cut).toEqual(whole)
    }
    for (const size of [1, 2, 3, 7]) {
      expect(relayed(path, inPieces(bytes, size), wantsUsage, alias)).toEqual(whole)
    }
  }
})

test('the bytes of a stream that needs no change are those of its upstream', () => {
  const sound = SHAPES.filter(({ shape }) => /^\/(responses|messages): plain, LF/.test(shape))
  expect(sound).toHaveLength(2)
  for (const { path, stream } of sound) {
    expect(relayed(path, [Buffer.from(stream)], false, null).sent).toBe(stream)
  }
})
