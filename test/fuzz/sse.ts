import assert from 'node:assert/strict'
import { ENDPOINTS } from '../../src/endpoints/index.ts'
import { type SseEvent, SseScanner } from '../../src/wire/sse/sse-scanner.ts'
import { tapOf } from '../wire/streams.ts'
import { Random } from './random.ts'
import { piecesOf, streamOf } from './sse-streams.ts'
import { workOf } from './work.ts'

/** Every endpoint that streams. */
const PATHS = ENDPOINTS.filter(({ tap }) => tap).map(({ path }) => path)

/** More than any stream here has bytes. */
const EVENT_BYTES_MAX = 1024 * 1024

/** Steps a byte that scanning, reading and repairing may cost, however a stream is cut. */
const STEPS_PER_BYTE = 8

/** The most steps a byte that any stream has cost so far. */
export let mostSteps = 0

/**
 * Reads a stream in pieces and as a whole. Nothing may throw, both readings must agree, and the
 * work must stay in proportion to the bytes.
 */
export function tryStream(seed: number): void {
  const random = new Random(seed)
  const path = random.pick(PATHS)
  const bytes = streamOf(random, path.endsWith('completions'))
  const pieces = piecesOf(bytes, random)
  const wantsUsage = random.oneIn(2)
  let cut: ReturnType<typeof read> | undefined
  const work = workOf(() => {
    cut = read(path, pieces, wantsUsage)
  })
  assert.deepEqual(cut, read(path, [bytes], wantsUsage))
  for (const json of cut?.rewritten ?? []) JSON.parse(json)
  const told = `${work} steps for ${bytes.length} bytes in ${pieces.length} pieces`
  assert.ok(work <= STEPS_PER_BYTE * bytes.length, told)
  if (bytes.length > 0) mostSteps = Math.max(mostSteps, work / bytes.length)
}

function read(path: string, pieces: readonly Buffer[], wantsUsage: boolean) {
  const tap = tapOf(path, wantsUsage, wantsUsage ? null : 'public')
  const scanner = new SseScanner(EVENT_BYTES_MAX, tap.named)
  const sent: string[] = []
  const rewritten: string[] = []
  const take = (event: SseEvent) => {
    const verdict = tap.read(event)
    sent.push(verdict.kind === 'rewrite' ? verdict.data : `${verdict.kind} ${event.data}`)
    if (verdict.kind === 'rewrite') rewritten.push(verdict.data)
  }
  for (const piece of pieces) for (const event of scanner.push(piece)) take(event)
  const last = scanner.end()
  if (last) take(last)
  const { chunkCount, completionLength, usage, finished } = tap
  assert.ok(Number.isSafeInteger(chunkCount) && Number.isSafeInteger(completionLength))
  return { sent, rewritten, chunkCount, completionLength, usage, finished }
}
