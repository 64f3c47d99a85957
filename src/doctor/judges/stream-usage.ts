import { type Finding, found, ok } from '../finding.ts'
import { isSuccess } from '../heard.ts'
import type { Observed } from '../observed.ts'
import { readStreamAnswer } from '../stream-answer.ts'
import { streamOf } from './stream.ts'

/** What a stream reports of its usage, and where. */
export function judgeStreamUsage(observed: Observed): Finding[] {
  const heard = streamOf(observed)
  if (heard === null) return []
  const { chunks, report, reporting, speaking, reportedIn } = readStreamAnswer(heard)
  if (chunks === 0) return []
  if (report === null) return [found('stream-usage-missing', `none in ${chunks} events`)]
  const { prompt, completion, from, isUsable } = report
  const counts = `${prompt ?? 'no'} prompt and ${completion ?? 'no'} completion tokens`
  if (!isUsable) return [found('stream-usage-unusable', `it reports ${counts}`)]
  if (from === 'x_groq') return [found('stream-usage-in-x-groq', `under x_groq: ${counts}`)]
  if (from === 'timings') return [found('stream-usage-in-timings', `under timings: ${counts}`)]
  if (reporting > 0) {
    return [found('usage-every-chunk', `in ${reporting} of ${speaking} events with text, unasked`)]
  }
  if (reportedIn === 'finish_chunk') {
    return [found('usage-in-finish-chunk', `beside the finish_reason: ${counts}`)]
  }
  return [
    reportsWhenAsked(observed)
      ? ok('stream_usage', `${counts}; in every event, if asked: hang-ups are charged exactly`, {
          streamOptions: 'continuous',
        })
      : ok('stream_usage', counts),
  ]
}

/** Whether the stream that was broken off had reported by then, as it was asked to. */
function reportsWhenAsked({ abandoned, asksContinuous }: Observed): boolean {
  if (!asksContinuous || !isSuccess(abandoned)) return false
  const { reporting, speaking } = readStreamAnswer(abandoned)
  return reporting > 0 && reporting === speaking
}
