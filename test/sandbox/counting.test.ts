import { afterAll, expect, test } from 'vitest'
import { startSandbox } from '../../src/sandbox/index.ts'
import { chunksOf, endOf, post, postJson, postStream } from './client.ts'

const sandbox = await startSandbox()
afterAll(() => sandbox.close())

test('the prompt is the sum of all text, divided once by four and rounded up', async () => {
  const messages = [
    { role: 'system', content: 'abcde' },
    { role: 'user', content: [{ type: 'text', text: 'abcde' }, { type: 'image_url' }] },
    { role: 'assistant', content: null },
    { role: 'user', content: 'abc' },
  ]
  const { usage } = await postJson(sandbox, { model: 'm', messages })
  expect(usage).toEqual({ prompt_tokens: 4, completion_tokens: 1, total_tokens: 5 })
})

test('characters are UTF-16 code units', async () => {
  const messages = [{ role: 'user', content: '\u{1f600}\u{1f600}\u{1f600}' }]
  const { usage } = await postJson(sandbox, { model: 'm', messages })
  expect(usage).toEqual({ prompt_tokens: 2, completion_tokens: 2, total_tokens: 4 })
})

test('one content chunk of four characters is one token, in usage and in the ledger', async () => {
  const response = await post(
    sandbox,
    {
      model: 'm',
      stream: true,
      stream_options: { include_usage: true },
      sandbox: { reply_chars: 50 },
    },
    { 'x-request-id': 'fifty' },
  )
  const chunks = chunksOf(await response.text())
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 13 } })
  expect(await endOf(sandbox, 'fifty')).toMatchObject({
    promptTokens: 3,
    completionTokens: 13,
    chunks: 13,
    finished: true,
    closedByPeer: false,
  })
})

test('wide chunks count as the tokens they hold', async () => {
  const body = { model: 'm', stream: true, sandbox: { reply_chars: 22, chunk_chars: 10 } }
  await (await post(sandbox, body, { 'x-request-id': 'wide' })).text()
  expect(await endOf(sandbox, 'wide')).toMatchObject({ chunks: 3, completionTokens: 6 })
})

test('each choice counts, the prompt counts once', async () => {
  const { usage, choices } = await postJson(sandbox, { model: 'm', n: 3 })
  expect(usage).toEqual({ prompt_tokens: 3, completion_tokens: 9, total_tokens: 12 })
  expect(choices).toHaveLength(3)
  const chunks = chunksOf(await postStream(sandbox, { model: 'm', n: 2 }))
  const indexes = chunks.map((chunk) => chunk.choices?.[0]?.index)
  expect(indexes).toEqual([0, 1, 0, 1, 0, 1, 0, 1, 0, 1])
})

test('usage is streamed only when asked for, and is null in the chunks before', async () => {
  const unasked = chunksOf(await postStream(sandbox, { model: 'm' }))
  expect(unasked.some((chunk) => 'usage' in chunk)).toBe(false)
  const asked = chunksOf(
    await postStream(sandbox, { model: 'm', stream_options: { include_usage: true } }),
  )
  expect(asked.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true)
})

test('hidden reasoning is in the usage but not in the ledger', async () => {
  const id = { 'x-request-id': 'reasoned' }
  const response = await post(sandbox, { model: 'sandbox-reasoning' }, id)
  expect(await response.json()).toMatchObject({
    usage: {
      completion_tokens: 10 + 3 + 64,
      completion_tokens_details: { reasoning_tokens: 10 + 64 },
    },
  })
  expect((await endOf(sandbox, 'reasoned')).completionTokens).toBe(13)
})
