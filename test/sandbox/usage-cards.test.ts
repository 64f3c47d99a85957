import { afterAll, expect, test } from 'vitest'
import { startSandbox } from '../../src/sandbox/index.ts'
import { chunksOf, postJson, postStream } from './client.ts'

const sandbox = await startSandbox()
afterAll(() => sandbox.close())

const ASKED = { stream_options: { include_usage: true } }
const TRUE_USAGE = { prompt_tokens: 3, completion_tokens: 3, total_tokens: 6 }

test('no usage is reported although it was asked for', async () => {
  const model = 'sandbox-no-usage'
  expect(await postStream(sandbox, { model, ...ASKED })).not.toContain('"usage"')
  expect(await postJson(sandbox, { model })).not.toHaveProperty('usage')
})

test.each([
  ['sandbox-usage-null', null],
  ['sandbox-usage-zero', { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }],
  ['sandbox-usage-negative', { prompt_tokens: -3, completion_tokens: -3, total_tokens: -6 }],
  ['sandbox-usage-string', { prompt_tokens: '3', completion_tokens: '3', total_tokens: '6' }],
  ['sandbox-usage-nan', { prompt_tokens: 1e308, completion_tokens: 'NaN', total_tokens: 1e308 }],
])('%s reports it in its own chunk and in a whole answer', async (model, usage) => {
  const chunks = chunksOf(await postStream(sandbox, { model, ...ASKED }))
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage })
  expect(await postJson(sandbox, { model })).toMatchObject({ usage })
})

test('cumulative usage is in every chunk, asked for or not', async () => {
  const chunks = chunksOf(await postStream(sandbox, { model: 'sandbox-usage-every-chunk' }))
  const reported = chunks.slice(1).map((chunk) => chunk.usage)
  expect(reported).toEqual([
    { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 },
    { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
    TRUE_USAGE,
    TRUE_USAGE,
  ])
})

test('shrinking usage reports less at the end', async () => {
  const chunks = chunksOf(await postStream(sandbox, { model: 'sandbox-usage-shrinking' }))
  expect(chunks.at(-2)?.usage).toEqual(TRUE_USAGE)
  expect(chunks.at(-1)?.usage).toMatchObject({ completion_tokens: 1 })
})

test.each([
  ['sandbox-usage-finish-chunk', { usage: TRUE_USAGE }],
  ['sandbox-usage-x-groq', { x_groq: { usage: TRUE_USAGE } }],
  ['sandbox-usage-total-only', { usage: { total_tokens: 0, total_characters: 0 } }],
])('%s reports in the chunk that has the finish reason', async (model, report) => {
  const chunks = chunksOf(await postStream(sandbox, { model }))
  expect(chunks.at(-1)).toMatchObject({ ...report, choices: [{ finish_reason: 'stop' }] })
})

test('reasoning can be missing in the completion tokens but be in the total', async () => {
  const whole = await postJson(sandbox, { model: 'sandbox-usage-without-reasoning' })
  expect(whole).toMatchObject({
    usage: { prompt_tokens: 3, completion_tokens: 3, total_tokens: 3 + 3 + 74 },
  })
})
