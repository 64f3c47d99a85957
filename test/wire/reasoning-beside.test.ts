import { expect, test } from 'vitest'
import { readUsage, withReasoning } from '../../src/domain/usage/read-usage.ts'
import type { Usage } from '../../src/domain/usage/usage.ts'

const counts = (completion: number, reasoning: number | null) => ({
  prompt_tokens: 33,
  completion_tokens: completion,
  total_tokens: 33 + completion,
  reasoning_tokens: reasoning,
})

test.each([
  ['is part of it', counts(20, 15), 15],
  ['is none where it is more', counts(20, 21), 0],
  ['is none where it is null', counts(20, null), 0],
])('reasoning that is told beside the completion %s', (_what, wire, reasoningTokens) => {
  expect(readUsage(wire)).toMatchObject({ completionTokens: 20, reasoningTokens })
})

test('reasoning told beside a completion that leaves it out is charged on top', () => {
  const wire = counts(11_395, 193_947)
  expect(withReasoning(readUsage(wire) as Usage, wire, 0)).toMatchObject({
    completionTokens: 11_395 + 193_947,
    reasoningTokens: 193_947,
  })
})
