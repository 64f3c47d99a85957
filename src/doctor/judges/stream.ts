import { type Finding, found, ok, unknown } from '../finding.ts'
import {
  type Answered,
  type Heard,
  inWords,
  isRefused,
  isSuccess,
  isUnasked,
  quoted,
} from '../heard.ts'
import type { Observed } from '../observed.ts'
import { readStreamAnswer, type StreamAnswer } from '../stream-answer.ts'
import { readWholeAnswer } from '../whole-answer.ts'

/** Events that make a stream, milliseconds of waiting and pieces that make it a collected one. */
const BUFFERED_EVENTS_MIN = 8
const BUFFERED_WAIT_MS = 2_000
const BUFFERED_READS_MAX = 2

/** The stream to judge: that without `stream_options` where they were refused. */
export function streamOf({ stream, plainStream }: Observed): Answered | null {
  return [stream, plainStream].find(isSuccess) ?? null
}

/** Whether there is a stream that can be read. */
export function isStreaming(observed: Observed): boolean {
  const heard = streamOf(observed)
  return heard !== null && readStreamAnswer(heard).chunks > 0
}

/** Whether it streams, how that ends, how fast it is, and whether it takes `stream_options`. */
export function judgeStream(observed: Observed): Finding[] {
  const { stream, plainStream } = observed
  if (stream === null) return []
  const heard = streamOf(observed)
  if (heard === null) {
    const failed = plainStream ?? stream
    return [isUnasked(failed) ? unknown('stream', inWords(failed)) : failsWith(failed)]
  }
  const options = isRefused(stream)
    ? found('stream-options-refused', inWords(stream), { streamOptions: 'omit' })
    : ok('stream_options', 'accepted')
  const answer = readStreamAnswer(heard)
  if (answer.chunks === 0) return [judgeNoStream(heard)]
  return [judgeShape(heard, answer), options, judgeSpeed(heard, answer)]
}

function failsWith(heard: Heard): Finding {
  return found('stream-fails', inWords(heard))
}

function judgeNoStream(heard: Answered): Finding {
  const { 'content-encoding': coding = 'identity', 'content-type': type } = heard.headers
  if (coding !== 'identity') return unknown('stream', `it is coded as ${coding}`)
  const whole = readWholeAnswer(heard)
  if (whole.error !== null) return failsWith(heard)
  if (whole.isCompletion) return found('stream-is-json', 'it answers in one piece of JSON')
  return found('stream-fails', `200 with ${type ?? 'no type'} and no event`)
}

function judgeShape(heard: Answered, answer: StreamAnswer): Finding {
  const type = heard.headers['content-type'] ?? 'no type'
  if (!/^text\/event-stream\b/i.test(type)) return found('stream-not-typed', `it says ${type}`)
  const { error, hasDone, finish, chunks } = answer
  if (error !== null) return found('stream-fails', quoted(JSON.stringify(error)))
  if (!hasDone && finish === null) {
    return found('stream-endless', 'it ends without finish_reason and without [DONE]')
  }
  if (!hasDone) return found('no-done', `it ends with finish_reason ${finish}, without [DONE]`)
  if (finish === null) return found('no-finish-reason', 'it ends with [DONE], but no finish_reason')
  const { firstByteMs, reads } = heard
  const isLate = firstByteMs >= BUFFERED_WAIT_MS && reads <= BUFFERED_READS_MAX
  if (isLate && answer.speaking >= BUFFERED_EVENTS_MIN) {
    return found('buffered', `${chunks} events came at once, after ${Math.round(firstByteMs)} ms`)
  }
  const noId = answer.hasId ? '' : ', without an id'
  return ok('stream', `${chunks} events, finish_reason ${finish}, [DONE]${noId}`)
}

function judgeSpeed({ firstByteMs, lastByteMs }: Answered, { chunks }: StreamAnswer): Finding {
  const each = chunks > 1 ? (lastByteMs - firstByteMs) / (chunks - 1) : 0
  const first = `the first event of a stream after ${Math.ceil(firstByteMs)} ms`
  return ok('speed', `${first}, then one every ${Math.max(1, Math.round(each))} ms`)
}
