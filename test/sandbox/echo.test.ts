import { afterAll, expect, test } from 'vitest'
import { startSandbox } from '../../src/sandbox/index.ts'
import { chunksOf, contentOf, postJson, postStream } from './client.ts'

const sandbox = await startSandbox()
afterAll(() => sandbox.close())

test('the last user message comes back, streamed or whole', async () => {
  const messages = [
    { role: 'user', content: 'first' },
    { role: 'user', content: [{ type: 'text', text: 'say "\u{1f600}é\\" \n again' }] },
    { role: 'assistant', content: 'no' },
  ]
  const said = 'say "\u{1f600}é\\" \n again'
  const whole = await postJson(sandbox, { model: 'sandbox-echo', messages })
  expect(whole).toMatchObject({ choices: [{ message: { content: said }, finish_reason: 'stop' }] })
  const stream = chunksOf(await postStream(sandbox, { model: 'sandbox-echo', messages }))
  expect(contentOf(stream)).toBe(said)
})

test('no chunk splits a character in two', async () => {
  const messages = [{ role: 'user', content: `abc${'\u{1f600}'.repeat(9)}` }]
  for (const size of [1, 2, 3, 4, 5]) {
    const text = await postStream(sandbox, { model: 'm', messages, sandbox: { chunk_chars: size } })
    const pieces = chunksOf(text).map((chunk) => String(chunk.choices?.[0]?.delta.content ?? ''))
    expect(pieces.every((piece) => piece.isWellFormed())).toBe(true)
    expect(pieces.join('')).toBe(messages[0]?.content)
  }
})

test('nothing asked is answered with a stock sentence of 20 tokens', async () => {
  const whole = await postJson(sandbox, { model: 'm', messages: [] })
  expect(whole).toMatchObject({ usage: { prompt_tokens: 0, completion_tokens: 20 } })
})

test.each(['max_tokens', 'max_completion_tokens'])('%s cuts the answer', async (limit) => {
  const body = { model: 'm', [limit]: 2 }
  expect(await postJson(sandbox, body)).toMatchObject({
    choices: [{ message: { content: 'Hello, w' }, finish_reason: 'length' }],
    usage: { completion_tokens: 2 },
  })
  const chunks = chunksOf(await postStream(sandbox, body))
  expect(contentOf(chunks)).toBe('Hello, w')
  expect(chunks.at(-1)?.choices?.[0]?.finish_reason).toBe('length')
})

test('a limit that is just enough ends with stop', async () => {
  const whole = await postJson(sandbox, { model: 'm', max_tokens: 3 })
  expect(whole).toMatchObject({ choices: [{ finish_reason: 'stop' }] })
})

test('the card that ignores limits ignores them', async () => {
  const body = { model: 'sandbox-ignores-limit', max_tokens: 1 }
  expect(await postJson(sandbox, body)).toMatchObject({ usage: { completion_tokens: 20 } })
})

test('a model without a card is an echo under its own name', async () => {
  const [chunk] = chunksOf(await postStream(sandbox, { model: 'acme/é"x' }))
  expect(chunk?.model).toBe('acme/é"x')
})
