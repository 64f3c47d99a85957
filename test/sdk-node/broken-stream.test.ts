import type { OpenAI } from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { client, countCalls, HELLO, SDKS } from './sdks.ts'

/** Longer than a stream that is not silent stands still. */
const SILENCE_MS = 2_000

let proxy: Tollkeeper
let calls: () => number
beforeAll(async () => {
  proxy = await startProxy({ env: { UPSTREAM_IDLE_TIMEOUT_MS: String(SILENCE_MS) } })
  calls = countCalls(proxy)
})
afterAll(() => proxy.close())

/** Reads a stream to its bitter end. */
async function read(stream: AsyncIterable<OpenAI.ChatCompletionChunk>) {
  let text = ''
  try {
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
  } catch (error) {
    return { text, error }
  }
  return { text, error: null }
}

const BREAKS = [
  ['an error event', 'sandbox-error-midstream', 'upstream_error'],
  ['an error event that has choices', 'sandbox-error-choices', 'upstream_error'],
  ['an error in a field of its own', 'sandbox-error-field', 'upstream_error'],
  ['an end without finish_reason', 'sandbox-end-without-finish', 'upstream_incomplete'],
  ['a lost connection', 'sandbox-cut-midstream', 'upstream_error'],
  ['silence', 'sandbox-hang-midstream', 'upstream_timeout'],
]

describe.each(SDKS)('with %s', (_name, sdk) => {
  test.each(BREAKS)('a stream that breaks with %s throws an APIError', async (_, model, code) => {
    const { key } = await proxy.customer('1000')
    const before = calls()
    const { data: stream, response } = await client(sdk, proxy, key)
      .chat.completions.create({
        model: model as string,
        messages: HELLO,
        stream: true,
        sandbox: { delay_ms: 5 },
      } as OpenAI.ChatCompletionCreateParamsStreaming)
      .withResponse()
    const { text, error } = await read(stream)
    expect(text).not.toBe('')
    expect(error).toBeInstanceOf(sdk.APIError)
    expect(error).toMatchObject({ code, type: 'server_error' })
    const record = await proxy.settled(response.headers.get('x-request-id') as string)
    expect(record).toMatchObject({ status: 200, error: { code } })
    expect(calls() - before).toBe(1)
  })

  test('a stream that runs out of credits throws an APIError that says so', async () => {
    const { key } = await proxy.customer('50')
    const stream = await client(sdk, proxy, key).chat.completions.create({
      model: 'sandbox-echo',
      messages: HELLO,
      stream: true,
      sandbox: { reply_chars: 100_000, chunk_chars: 40, delay_ms: 1 },
    } as OpenAI.ChatCompletionCreateParamsStreaming)
    const { text, error } = await read(stream)
    expect(text.length).toBeGreaterThan(1_000)
    expect(error).toBeInstanceOf(sdk.APIError)
    expect(error).toMatchObject({ code: 'insufficient_quota', type: 'insufficient_quota' })
  })
})
