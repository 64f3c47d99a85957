import type { OpenAI } from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { all, client, HELLO, SAID, SDKS, textOf } from './sdks.ts'

let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  proxy = await startProxy()
  customer = await proxy.customer('1000')
})
afterAll(() => proxy.close())

describe.each(SDKS)('with %s', (_name, Sdk) => {
  const openai = () => client(Sdk, proxy, customer.key)
  const ask = { model: 'sandbox-echo', messages: HELLO }

  test('a chat completion has its text and its usage', async () => {
    const completion = await openai().chat.completions.create(ask)
    expect(completion.choices[0]?.message.content).toBe(SAID)
    expect(completion.choices[0]?.finish_reason).toBe('stop')
    expect(completion.usage).toEqual({ prompt_tokens: 5, completion_tokens: 5, total_tokens: 10 })
    expect(completion.object).toBe('chat.completion')
  })

  test('the request id of an answer leads to its record', async () => {
    const completion = await openai().chat.completions.create(ask)
    const record = await proxy.settled(completion._request_id as string)
    expect(record).toMatchObject({ outcome: 'completed', model: 'sandbox-echo', charged: '0.1' })
  })

  test('a stream has its text, no usage and no chunk without choices', async () => {
    const chunks = await all(await openai().chat.completions.create({ ...ask, stream: true }))
    expect(textOf(chunks)).toBe(SAID)
    expect(chunks.length).toBeGreaterThan(3)
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop')
    for (const chunk of chunks) {
      expect(chunk).not.toHaveProperty('usage')
      expect(chunk.choices).toHaveLength(1)
    }
  })

  test.each([
    'sandbox-echo',
    'sandbox-no-usage',
    'sandbox-usage-finish-chunk',
    'sandbox-usage-zero',
  ])('a stream of %s that asks for usage has exactly one usage chunk, the last', async (model) => {
    const options = { stream: true, stream_options: { include_usage: true } } as const
    const chunks = await all(await openai().chat.completions.create({ ...ask, model, ...options }))
    expect(textOf(chunks)).toBe(SAID)
    const withUsage = chunks.filter((chunk) => chunk.usage)
    expect(withUsage).toEqual([chunks.at(-1)])
    expect(withUsage[0]).toMatchObject({
      object: 'chat.completion.chunk',
      id: chunks[0]?.id,
      model,
      choices: [],
      usage: { prompt_tokens: 5, completion_tokens: 5, total_tokens: 10 },
    })
    expect(chunks.filter((chunk) => chunk.choices.length === 0)).toHaveLength(1)
  })

  test.each([
    'sandbox-crlf',
    'sandbox-cr',
    'sandbox-noise',
    'sandbox-fragments',
    'sandbox-no-done',
  ])('a stream of an upstream with odd framing reads like any other: %s', async (model) => {
    const stream = await openai().chat.completions.create({ ...ask, model, stream: true })
    const chunks = await all(stream)
    expect(textOf(chunks)).toBe(SAID)
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop')
  })

  test('an upstream that answers a stream with JSON gives a stream', async () => {
    const model = 'sandbox-json-for-stream'
    const stream = await openai().chat.completions.create({ ...ask, model, stream: true })
    const chunks = await all(stream)
    expect(textOf(chunks)).toBe(SAID)
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop')
  })

  test('fields that the SDK does not know reach the upstream', async () => {
    const odd = { chat_template_kwargs: { thinking: [true, { depth: 1.5 }] }, top_k: 3 }
    const params = { ...ask, ...odd } as OpenAI.ChatCompletionCreateParamsNonStreaming
    const completion = await openai().chat.completions.create(params)
    const call = proxy.sandbox.calls.get(completion._request_id as string)
    expect(JSON.parse(call?.body ?? '')).toEqual({ ...ask, ...odd })
  })
})
