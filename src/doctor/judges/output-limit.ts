import { type Finding, found, ok, unknown } from '../finding.ts'
import { type Heard, inWords, isRefused, isWhole, messageIn } from '../heard.ts'
import type { Observed } from '../observed.ts'
import { OUTPUT_TOKENS } from '../questions.ts'
import { readWholeAnswer } from '../whole-answer.ts'
import { wholeAnswers } from './wholes.ts'

/** What an upstream does with a limit. */
type Handling = 'honoured' | 'ignored' | 'refused' | 'unseen'

/** How far a count may be beyond the limit before the limit counts as ignored. */
const TOLERANCE = 1.5

/** Characters a token stands for at most, over a sentence in plain English. */
const CHARACTERS_PER_TOKEN_MAX = 8

/** Under which names an upstream takes the output limit, and whether it keeps to it. */
export function judgeLimit(observed: Observed): Finding[] {
  const { limited } = observed
  if (wholeAnswers(observed).length === 0) return []
  const old = handlingOf(limited.max_tokens)
  const current = handlingOf(limited.max_completion_tokens)
  const seen = `max_tokens ${told(limited.max_tokens)}, max_completion_tokens ${told(
    limited.max_completion_tokens,
  )}`
  const works = (handling: Handling) => handling === 'honoured'
  const fails = (handling: Handling) => handling === 'ignored' || handling === 'refused'
  if (works(old) && works(current)) return [ok('output_limit', seen)]
  if (fails(old) && fails(current)) return [found('no-limit', seen)]
  if (!fails(old) && fails(current)) {
    return [found('only-max-tokens', seen, { outputLimit: 'max_tokens' })]
  }
  if (!fails(current) && fails(old)) {
    const outputLimit = 'max_completion_tokens'
    return [found('only-max-completion-tokens', seen, { outputLimit })]
  }
  return [unknown('output_limit', seen)]
}

function handlingOf(heard: Heard | null): Handling {
  if (isRefused(heard)) return isReached(heard) ? 'honoured' : 'refused'
  if (!isWhole(heard)) return 'unseen'
  const { report, said, finish, isCompletion } = readWholeAnswer(heard)
  if (!isCompletion) return 'unseen'
  const least = (said.content + said.reasoning) / CHARACTERS_PER_TOKEN_MAX
  const tokens = report?.isUsable ? Math.max(report.completion ?? 0, least) : least
  const visible = report?.reasoning ? tokens - report.reasoning : tokens
  if (visible > OUTPUT_TOKENS * TOLERANCE) return 'ignored'
  return finish === 'length' || tokens >= OUTPUT_TOKENS ? 'honoured' : 'unseen'
}

/** Some refuse what they could not finish within the limit: they know it. */
function isReached(heard: Heard): boolean {
  return isRefused(heard) && /limit was reached|was reached/i.test(messageIn(heard))
}

function told(heard: Heard | null): string {
  switch (handlingOf(heard)) {
    case 'honoured':
      return 'is honoured'
    case 'ignored':
      return `is ignored (${OUTPUT_TOKENS} tokens were asked for)`
    case 'refused':
      return `is refused (${inWords(heard)})`
    case 'unseen':
      return isWhole(heard) ? 'is accepted (the answer ended before it)' : inWords(heard)
  }
}
