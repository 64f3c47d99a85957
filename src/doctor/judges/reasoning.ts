import { type Finding, found, ok } from '../finding.ts'
import { isSuccess } from '../heard.ts'
import type { Observed } from '../observed.ts'
import type { Report } from '../report.ts'
import { readStreamAnswer } from '../stream-answer.ts'
import type { Said } from '../whole-answer.ts'
import { wholeAnswers } from './wholes.ts'

/** Characters a token stands for at most, over a sentence in plain English. */
const CHARACTERS_PER_TOKEN_MAX = 8

/** Characters below which a comparison with tokens says nothing. */
const TEXT_MIN = 32

type Counting = 'fits' | 'apart' | 'uncounted' | 'too_small'

/** Whether the tokens that are reported can be those of the text that was delivered. */
export function judgeReasoning(observed: Observed): Finding[] {
  const answers = [...wholeAnswers(observed), ...streamsOf(observed)].flatMap(({ said, report }) =>
    report?.isUsable ? [{ said, report, counting: countingOf(said, report) }] : [],
  )
  const odd = answers.find(({ counting }) => counting !== 'fits') ?? answers[0]
  if (odd === undefined) return []
  const { said, report, counting } = odd
  const seen = inWords(said, report)
  switch (counting) {
    case 'apart':
      return [found('reasoning-apart', seen, { reasoningTokens: 'excluded' })]
    case 'uncounted':
      return [found('reasoning-uncounted', seen, { reasoningTokens: 'excluded' })]
    case 'too_small':
      return [found('usage-too-small', seen)]
    case 'fits':
      return [ok('reasoning', seen)]
  }
}

function streamsOf({ stream, plainStream }: Observed) {
  return [stream, plainStream].filter(isSuccess).map(readStreamAnswer)
}

/** OpenAI counts reasoning as part of the completion (W-93). */
function countingOf({ content, reasoning }: Said, report: Report): Counting {
  const completion = report.completion ?? 0
  const told = report.reasoning ?? 0
  const { prompt, total } = report
  if (told > 0) {
    const sum = prompt === null ? null : prompt + completion + told
    const left = completion - told
    const isApart = left < 0 || total === sum || (content >= TEXT_MIN && left < least(content))
    return isApart ? 'apart' : 'fits'
  }
  if (content + reasoning < TEXT_MIN || completion >= least(content + reasoning)) return 'fits'
  return reasoning > 0 && completion >= least(content) ? 'uncounted' : 'too_small'
}

function least(characters: number): number {
  return characters / CHARACTERS_PER_TOKEN_MAX
}

function inWords({ content, reasoning }: Said, report: Report): string {
  const thoughts = reasoning > 0 ? ` and ${reasoning} of reasoning` : ''
  const told = report.reasoning ? `, ${report.reasoning} reasoning tokens` : ''
  const total = report.total === null ? '' : ` (${report.total} with the prompt)`
  const tokens = `${report.completion ?? 0} completion tokens${told}${total}`
  return `${tokens} for ${content} characters of text${thoughts}`
}
