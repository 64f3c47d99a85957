import { type Finding, found, ok } from '../finding.ts'
import { inWords, isSuccess } from '../heard.ts'
import type { Observed } from '../observed.ts'
import { readWholeAnswer, type WholeAnswer } from '../whole-answer.ts'
import { wholeAnswers } from './wholes.ts'

/** A chat completion in one piece, and the usage it reports. */
export function judgeCompletion(observed: Observed): Finding[] {
  const { model, limited, unlimited } = observed
  if (model === null || limited.max_tokens === null) return []
  const [first] = wholeAnswers(observed)
  if (first === undefined) {
    const heard = unlimited ?? limited.max_tokens
    if (!isSuccess(heard)) return [found('completion-fails', inWords(heard))]
    const { 'content-encoding': coding = 'identity', 'content-type': type } = heard.headers
    if (coding !== 'identity') return [found('compressed', `the answer is coded as ${coding}`)]
    const { error } = readWholeAnswer(heard)
    if (error !== null) return [found('completion-fails', inWords(heard))]
    const end = heard.end === 'complete' ? '' : ` (${heard.end})`
    return [found('not-a-completion', `200 with ${type ?? 'no type'} and no choices${end}`)]
  }
  const shape = first.hasId
    ? ok('completion', `${model} answers`)
    : found('no-ids', `${model} answers, without an id`)
  return [shape, judgeUsage(first)]
}

function judgeUsage({ report }: WholeAnswer): Finding {
  if (report === null) return found('usage-missing', 'an answer in one piece reports none')
  const { from, prompt, completion, isUsable } = report
  if (!isUsable) return found('usage-missing', 'what an answer in one piece reports is no count')
  const seen = `${prompt ?? 'no'} prompt and ${completion ?? 'no'} completion tokens`
  if (from === 'usage') return ok('usage', seen)
  const quirk = from === 'timings' ? 'usage-in-timings' : 'usage-in-x-groq'
  return found(quirk, `only under ${from}: ${seen}`)
}
