import { afterAll, expect, test } from 'vitest'
import { startSandbox } from '../../src/sandbox/index.ts'
import { chunksOf, contentOf, post, postJson, postStream } from './client.ts'

const sandbox = await startSandbox()
afterAll(() => sandbox.close())

test.each([
  ['reply_chars', 4_000_001],
  ['reply_chars', -1],
  ['chunk_chars', 0],
  ['delay_ms', 60_001],
  ['delay_ms', 1.5],
  ['first_delay_ms', '1'],
  ['head_delay_ms', -1],
  ['at_chunk', 1_000_001],
  ['prompt_tokens', 1e10],
  ['completion_tokens', null],
  ['usage', [1]],
  ['usage', { text: 'x'.repeat(5_000) }],
  ['reply_charz', 4],
])('sandbox.%s of %s is a 400 that names the field', async (field, value) => {
  const response = await post(sandbox, { model: 'm', sandbox: { [field]: value } })
  expect(response.status).toBe(400)
  const param = `sandbox.${field}`
  expect(await response.json()).toMatchObject({
    error: { type: 'invalid_request_error', param, message: expect.stringContaining(param) },
  })
})

test.each([
  ['model', { model: 7 }],
  ['messages', { messages: 'hello' }],
  ['stream', { stream: 'true' }],
  ['stream_options', { stream_options: { include_usage: true } }],
  ['n', { n: 129 }],
  ['n', { n: 128, sandbox: { reply_chars: 31_251 } }],
  ['max_tokens', { max_tokens: 0 }],
  ['max_completion_tokens', { max_completion_tokens: '5' }],
  ['sandbox', { sandbox: 3 }],
])('a wrong %s is a 400 that names it', async (param, fields) => {
  const response = await post(sandbox, { model: 'm', ...fields })
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ error: { param } })
})

test.each(['{', '[]', ''])('the body %j is a 400', async (body) => {
  const response = await fetch(`${sandbox.url}/chat/completions`, { method: 'POST', body })
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ error: { param: null } })
})

test('a reply has just as many characters and chunks as asked for', async () => {
  const tuned = { reply_chars: 25, chunk_chars: 10 }
  const chunks = chunksOf(await postStream(sandbox, { model: 'm', sandbox: tuned }))
  expect(contentOf(chunks)).toBe('Hello, worldHello, worldH')
  expect(chunks.slice(1, -1)).toHaveLength(3)
  const whole = await postJson(sandbox, { model: 'm', sandbox: tuned })
  expect(whole).toMatchObject({ choices: [{ message: { content: 'Hello, worldHello, worldH' } }] })
})

test('an empty reply has no content and no completion tokens', async () => {
  const tuned = { sandbox: { reply_chars: 0 } }
  expect(chunksOf(await postStream(sandbox, { model: 'm', ...tuned }))).toHaveLength(2)
  const whole = await postJson(sandbox, { model: 'm', ...tuned })
  expect(whole).toMatchObject({ usage: { completion_tokens: 0 } })
})

test('the reported tokens can be set, or the whole usage', async () => {
  const tokens = { prompt_tokens: 1_000, completion_tokens: 20 }
  expect(await postJson(sandbox, { model: 'm', sandbox: tokens })).toMatchObject({
    usage: { ...tokens, total_tokens: 1_020 },
  })
  const usage = { prompt_tokens: 5, prompt_tokens_details: { cached_tokens: 4 } }
  const { usage: reported } = await postJson(sandbox, { model: 'm', sandbox: { usage } })
  expect(reported).toEqual(usage)
})

test('a fault comes after as many chunks as asked for, whatever the reply', async () => {
  const model = 'sandbox-error-midstream'
  const chunks = chunksOf(await postStream(sandbox, { model, sandbox: { at_chunk: 100 } }))
  expect(chunks.slice(1, -1)).toHaveLength(100)
  expect(chunks.at(-1)).toHaveProperty('error')
})

test('the first delay comes after the head of a stream', async () => {
  const body = { model: 'm', stream: true, sandbox: { first_delay_ms: 60_000 } }
  const response = await post(sandbox, body)
  expect(response.status).toBe(200)
  await response.body?.cancel()
})
