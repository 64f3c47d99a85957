import { OpenAI } from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { newKey } from './setup.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
})
afterAll(() => proxy.close())

test('an SDK that asks twice at once waits for the first answer, and reads it twice', async () => {
  const { key } = await proxy.customer('1000')
  const client = new OpenAI({ baseURL: proxy.url, apiKey: key })
  const headers = { 'Idempotency-Key': newKey() }
  const ask = async () => {
    const messages = [{ role: 'user' as const, content: 'Hello there' }]
    const body = { model: 'sandbox-echo', messages, sandbox: { reply_chars: 200, delay_ms: 10 } }
    const stream = await client.chat.completions.create({ ...body, stream: true }, { headers })
    const said = { id: '', text: '' }
    for await (const { id, choices } of stream) {
      said.id = id
      said.text += choices[0]?.delta.content ?? ''
    }
    return said
  }
  const [first, second] = await Promise.all([ask(), ask()])
  expect(first.text.length).toBe(200)
  expect(second).toEqual(first)
  expect(proxy.sandbox.calls.size).toBe(1)
})
