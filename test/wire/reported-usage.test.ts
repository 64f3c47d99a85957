import { expect, test } from 'vitest'
import { readUsage, withReasoning } from '../../src/domain/usage/read-usage.ts'
import { usageIn } from '../../src/wire/usage/reported-usage.ts'

const usage = { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 }

test.each<[string, object, unknown]>([
  ['usage', { usage, x_groq: { usage: { prompt_tokens: 1 } } }, usage],
  ['x_groq where usage is null', { usage: null, x_groq: { usage } }, usage],
  ['nothing', { choices: [], x_groq: { id: 'req' }, timings: null }, null],
  ['x_groq where usage is all 0', { usage: { prompt_tokens: 0 }, x_groq: { usage } }, usage],
  ['usage before timings', { timings: { prompt_n: 1, predicted_n: 1 }, usage }, usage],
  [
    'timings before the words of Ollama',
    { eval_count: 9, timings: { prompt_n: 7, predicted_n: 5 } },
    { ...usage, prompt_tokens_details: { cached_tokens: 0 } },
  ],
  ['the words of Ollama', { prompt_eval_count: 7, eval_count: 5 }, usage],
  [
    'the words of Ollama for a cached prompt',
    { eval_count: 5 },
    { prompt_tokens: 0, completion_tokens: 5, total_tokens: 5 },
  ],
  ['nothing in words of Ollama that are no counts', { eval_count: '5' }, null],
  ['nothing in timings without counts', { timings: { predicted_ms: 4 } }, null],
  ['nothing in timings that are no counts', { timings: { prompt_n: '7', predicted_n: 5 } }, null],
])('usage is taken from %s', (_, answer, expected) => {
  expect(usageIn(answer as Record<string, unknown>)).toEqual(expected)
})

test('the timings of llama.cpp are read as usage, what came from its cache among the prompt', () => {
  const timings = { cache_n: 30, prompt_n: 7, predicted_n: 5, predicted_ms: 12.5 }
  expect(readUsage(usageIn({ timings }))).toEqual({
    promptTokens: 37,
    cachedTokens: 30,
    completionTokens: 5,
    reasoningTokens: 0,
  })
})

const told = (reasoning: number) => ({ completion_tokens_details: { reasoning_tokens: reasoning } })

test.each<[string, object, number, { completion: number; reasoning: number }]>([
  ['told of apart from the total', { ...usage, ...told(40) }, 0, { completion: 45, reasoning: 40 }],
  [
    'in the total alone',
    { ...usage, ...told(40), total_tokens: 52 },
    0,
    { completion: 45, reasoning: 40 },
  ],
  ['told of, though text was delivered', usage, 41, { completion: 16, reasoning: 11 }],
  ['none', usage, 0, { completion: 5, reasoning: 0 }],
  [
    'more than the total leaves',
    { ...usage, total_tokens: 90 },
    4,
    { completion: 83, reasoning: 1 },
  ],
])('where reasoning is counted apart, and %s, it is charged once', (_, wire, length, expected) => {
  const read = readUsage(wire)
  const { completionTokens, reasoningTokens } = withReasoning(read as never, wire, length)
  expect({ completion: completionTokens, reasoning: reasoningTokens }).toEqual(expected)
})
