import { isWhole } from '../heard.ts'
import type { Observed } from '../observed.ts'
import { readWholeAnswer, type WholeAnswer } from '../whole-answer.ts'

/** The chat completions in one piece that came, in the order in which they were asked for. */
export function wholeAnswers({ limited, unlimited }: Observed): WholeAnswer[] {
  const heard = [limited.max_tokens, limited.max_completion_tokens, unlimited]
  return heard
    .filter(isWhole)
    .filter(({ headers }) => (headers['content-encoding'] ?? 'identity') === 'identity')
    .map(readWholeAnswer)
    .filter(({ isCompletion, error }) => isCompletion && error === null)
}
