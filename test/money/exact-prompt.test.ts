import { afterAll, beforeAll, expect, test } from 'vitest'
import { formatCredits } from '../../src/domain/credits.ts'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { readStream } from './read-stream.ts'
import { countsPrompts, recordOf, setSlice, TOKEN } from './setup.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
  await setSlice(proxy, 64)
  await countsPrompts(proxy)
})
afterAll(() => proxy.close())

/** 2,001 tokens, and 12,000 bytes. */
const SAID = 'Hello '.repeat(2_000)
const COUNTED = 2_001 + 8
const messages = [{ role: 'user', content: SAID }]
const customerOf = (tokens: number) => proxy.customer(formatCredits(BigInt(tokens) * TOKEN))

test('a prompt is counted before it is refused for its bytes', async () => {
  const { key } = await customerOf(COUNTED + 64)
  const body = { model: 'sandbox-no-usage', stream: true, messages, max_tokens: 64 }
  const seen = await readStream(await proxy.chat(key, body))
  expect(seen).toMatchObject({ status: 200, kinds: ['text', 'finish', 'done'] })
  expect((await recordOf(proxy, seen.requestId)).hold).toBe(BigInt(COUNTED + 64) * TOKEN)
})

test('a prompt whose count does not fit the balance is refused', async () => {
  const { key } = await customerOf(COUNTED + 63)
  const body = { model: 'sandbox-echo', stream: true, messages, max_tokens: 64 }
  const response = await proxy.chat(key, body)
  expect(response.status).toBe(402)
  expect(await response.json()).toMatchObject({ error: { code: 'insufficient_quota' } })
})

test('a prompt is counted before a limit is lowered for its bytes', async () => {
  const { key } = await customerOf(12_400)
  const body = { model: 'sandbox-echo', messages, max_tokens: 1_000 }
  const response = await proxy.chat(key, body)
  expect(response.headers.get('x-tollkeeper-max-tokens')).toBeNull()
  expect(await response.json()).toMatchObject({ usage: { completion_tokens: 1_000 } })
})

test('a prompt is counted before a stream is cut for its bytes', async () => {
  const { key } = await customerOf(12_400)
  const body = { model: 'sandbox-echo', stream: true, messages, sandbox: { reply_chars: 8_000 } }
  const seen = await readStream(await proxy.chat(key, body))
  expect(seen.text).toHaveLength(8_000)
  expect(seen.kinds).toEqual(['text', 'finish', 'done'])
})
