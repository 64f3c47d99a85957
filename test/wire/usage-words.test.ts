import { describe, expect, test } from 'vitest'
import type { Endpoint } from '../../src/endpoints/endpoint.ts'
import { ENDPOINTS } from '../../src/endpoints/index.ts'
import { chunk, FINISH, says, tapped } from './tap.ts'

const endpoint = (path: string) => ENDPOINTS.find((one) => one.path === path) as Endpoint
const request = { wantsUsage: false, isPlain: false } as never
const read = (path: string, answer: object) =>
  endpoint(path).readAnswer(JSON.stringify(answer), request, null, 'included').usage

/** Prompt, of it cached, completion, of it reasoning. */
const usage = (prompt: number, cached: number, completion: number, reasoning: number) => ({
  promptTokens: prompt,
  cachedTokens: cached,
  completionTokens: completion,
  reasoningTokens: reasoning,
})

const CHAT = { prompt_tokens: 9, completion_tokens: 7, total_tokens: 16 }
const INPUT = { input_tokens: 9, output_tokens: 7, total_tokens: 16 }

/** What upstreams call the classes of their tokens, by endpoint. */
const WORDS: [path: string, wire: object, expected: object][] = [
  [
    '/chat/completions',
    {
      ...CHAT,
      prompt_tokens_details: { cached_tokens: 4, cache_write_tokens: 2, audio_tokens: 3 },
      completion_tokens_details: { reasoning_tokens: 5, rejected_prediction_tokens: 1 },
    },
    { ...usage(9, 4, 7, 5), cacheWriteTokens: 2, inputAudioTokens: 3 },
  ],
  ['/chat/completions', { ...CHAT, prompt_cache_hit_tokens: 4 }, usage(9, 4, 7, 0)],
  ['/chat/completions', { ...CHAT, cached_tokens: 4 }, usage(9, 4, 7, 0)],
  ['/chat/completions', { ...CHAT, cached_tokens: 12 }, usage(9, 9, 7, 0)],
  ['/chat/completions', { ...CHAT, total_tokens: 20 }, usage(9, 0, 11, 0)],
  [
    '/chat/completions', // more than there is: what is too much is both cached and audio
    { ...CHAT, prompt_tokens_details: { cached_tokens: 6, audio_tokens: 5, image_tokens: 9 } },
    {
      ...usage(9, 6, 7, 0),
      ...{ inputAudioTokens: 5, cachedAudioTokens: 5 },
      ...{ inputImageTokens: 4, cachedImageTokens: 1 },
    },
  ],
  [
    '/chat/completions',
    {
      ...CHAT,
      prompt_tokens_details: {
        cached_tokens: 3,
        audio_tokens: 5,
        cached_tokens_details: { audio_tokens: 2 },
      },
      completion_tokens_details: { audio_tokens: 6, reasoning_tokens: 2 },
    },
    {
      ...usage(9, 3, 7, 2),
      ...{ inputAudioTokens: 5, cachedAudioTokens: 2, outputAudioTokens: 5 },
    },
  ],
  ['/completions', CHAT, usage(9, 0, 7, 0)],
  ['/embeddings', { prompt_tokens: 9, total_tokens: 9 }, usage(9, 0, 0, 0)],
  [
    '/responses',
    {
      ...INPUT,
      input_tokens_details: { cached_tokens: 4, cache_write_tokens: 1 },
      output_tokens_details: { reasoning_tokens: 5 },
    },
    { ...usage(9, 4, 7, 5), cacheWriteTokens: 1 },
  ],
  [
    '/images/generations',
    { ...INPUT, input_tokens_details: { text_tokens: 5, image_tokens: 4 } },
    { ...usage(9, 0, 7, 0), inputImageTokens: 4, outputImageTokens: 7 },
  ],
  [
    '/images/generations',
    { ...INPUT, output_tokens_details: { text_tokens: 1, image_tokens: 6 } },
    { ...usage(9, 0, 7, 0), outputImageTokens: 6 },
  ],
  ['/audio/transcriptions', { type: 'tokens', ...INPUT }, usage(9, 0, 7, 0)],
  [
    '/audio/transcriptions',
    { type: 'duration', seconds: 3 },
    { ...usage(30, 0, 0, 0), inputAudioTokens: 30 },
  ],
  [
    '/audio/transcriptions',
    { prompt_audio_seconds: 5, prompt_tokens: 5, completion_tokens: 24, total_tokens: 404 },
    { ...usage(50, 0, 0, 0), inputAudioTokens: 50 },
  ],
  ['/embeddings', { total_tokens: 77 }, usage(77, 0, 0, 0)],
  ['/embeddings', { prompt_tokens: 0, total_tokens: 77 }, usage(77, 0, 0, 0)],
  [
    '/messages',
    { ...INPUT, cache_creation_input_tokens: 2, cache_read_input_tokens: 4 },
    { ...usage(15, 4, 7, 0), cacheWriteTokens: 2 },
  ],
  [
    '/messages',
    {
      ...INPUT,
      cache_creation_input_tokens: 5,
      cache_creation: { ephemeral_5m_input_tokens: 2, ephemeral_1h_input_tokens: 3 },
    },
    { ...usage(14, 0, 7, 0), cacheWriteTokens: 5, cacheWrite1hTokens: 3 },
  ],
]

test.each(WORDS)('%s that reports %j is read in our words', (path, wire, expected) => {
  const body = { choices: [], data: [], output: [], content: [], text: 'x', usage: wire }
  expect(read(path, body)).toEqual(expected)
})

describe('the usage of each of several choices', () => {
  const TWO = '{"prompt_tokens":9,"completion_tokens":8,"total_tokens":17}'

  test('is reported once for all of them, and not summed up', () => {
    const message = { role: 'assistant', content: 'x' }
    const choices = [0, 1].map((index) => ({ index, message }))
    const body = { choices, usage: JSON.parse(TWO) }
    expect(read('/chat/completions', body)).toEqual(usage(9, 0, 8, 0))
  })

  test('is the largest that was told, in whichever chunk', () => {
    const running = chunk(
      `${says('a', 0)},${says('b', 1)}`,
      `,"usage":${TWO.replace('8', '2').replace('17', '11')}`,
    )
    const { tap } = tapped([running, chunk('', `,"usage":${TWO}`), running, chunk(FINISH)])
    expect(tap.usage).toEqual(usage(9, 0, 8, 0))
  })
})
