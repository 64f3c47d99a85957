import { countTokens } from 'gpt-tokenizer'
import { afterEach, expect, test } from 'vitest'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { creditsOf } from './expect-broken.ts'
import { KINDS } from './expect-failure.ts'

const QUESTION = 'Internationalisation, disestablishmentarianism and floccinaucinihilipilification?'

/** An answer that would take 100 s. */
const ENDLESS_CHARS = 4_000

let proxy: Tollkeeper
afterEach(() => proxy.close())

/** Asks an upstream that reports no usage for an answer in chunks of 10 characters. */
async function estimateOf(method: string, stream: boolean, more: object = {}) {
  proxy = await startProxy({ env: { OPENAI_CUSTOM_TOKEN_ESTIMATION: method } })
  const { key } = await proxy.customer('100')
  const messages = [{ role: 'user', content: QUESTION }]
  const sandbox = { chunk_chars: 10 }
  const response = await proxy.chat(key, {
    model: 'sandbox-no-usage',
    stream,
    messages,
    sandbox,
    ...more,
  })
  const text = await response.text()
  expect(response.status, text).toBe(200)
  const record = await proxy.settled(response.headers.get('x-request-id') as string)
  expect(record).toMatchObject({ outcome: 'completed', usage_source: 'estimated' })
  const { prompt_tokens, completion_tokens, charged } = record
  expect(charged).toBe(creditsOf(prompt_tokens + completion_tokens))
  return { prompt_tokens, completion_tokens }
}

test.each(KINDS)('character_count charges %s a token for 4 characters', async (_, stream) => {
  const tokens = Math.ceil(QUESTION.length / 4)
  const estimate = await estimateOf('character_count', stream)
  expect(estimate).toEqual({ prompt_tokens: tokens, completion_tokens: tokens })
})

test('chunk_count charges a stream a token a chunk', async () => {
  expect(await estimateOf('chunk_count', true)).toEqual({
    prompt_tokens: Math.ceil(QUESTION.length / 4),
    completion_tokens: Math.ceil(QUESTION.length / 10),
  })
})

test.each([
  ['a request without a stream', 'sandbox-no-usage', false],
  ['a stream that came as JSON', 'sandbox-json-for-stream', true],
])('chunk_count charges %s by its characters, since it has no chunks', async (_, model, stream) => {
  const sandbox = { usage: {} }
  expect(await estimateOf('chunk_count', stream, { model, sandbox })).toEqual({
    prompt_tokens: Math.ceil(QUESTION.length / 4),
    completion_tokens: Math.ceil(QUESTION.length / 4),
  })
})

test.each(KINDS)('tokenizer charges %s the exact tokens of its text', async (_, stream) => {
  const tokens = countTokens(QUESTION)
  expect(tokens).not.toBe(Math.ceil(QUESTION.length / 4))
  const estimate = await estimateOf('tokenizer', stream)
  expect(estimate).toEqual({ prompt_tokens: tokens, completion_tokens: tokens })
})

test.each(['character_count', 'chunk_count', 'tokenizer'])(
  '%s charges a client that hangs up for what was generated until then',
  async (method) => {
    proxy = await startProxy({ env: { OPENAI_CUSTOM_TOKEN_ESTIMATION: method } })
    const { key } = await proxy.customer('100')
    const client = new AbortController()
    const messages = [{ role: 'user', content: 'Hello' }]
    const sandbox = { reply_chars: ENDLESS_CHARS }
    const body = { model: 'sandbox-slow', stream: true, messages, sandbox }
    const response = await proxy.chat(key, body, { signal: client.signal })
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    for (let events = 0; events < 6; events += 1) await reader.read()
    client.abort()
    const id = response.headers.get('x-request-id') as string
    const record = await proxy.settled(id)
    expect(record).toMatchObject({ outcome: 'client_gone', usage_source: 'estimated' })
    expect(record.completion_tokens).toBeGreaterThanOrEqual(3)
    const call = await eventually(() => {
      const call = proxy.sandbox.calls.get(id)
      return (call?.endedAt ?? null) === null ? undefined : call
    })
    expect(call.completionTokens * 4).toBeLessThan(ENDLESS_CHARS)
    expect(record.completion_length).toBeLessThanOrEqual(call.completionTokens * 4)
    expect(record.charged).toBe(creditsOf(record.prompt_tokens + record.completion_tokens))
  },
)
