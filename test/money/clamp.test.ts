import { afterAll, beforeAll, expect, test } from 'vitest'
import { formatCredits } from '../../src/domain/credits.ts'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { recordOf, setModel, TOKEN } from './setup.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
  await setModel(proxy, 'free-prompts', { input: '0', output: '10' })
})
afterAll(() => proxy.close())

type Answer = {
  choices?: { finish_reason: string; message: { content: string } }[]
  usage?: { completion_tokens: number }
  error?: { type: string; code: string }
}

/**
 * A body in a form that no JSON library writes, sent as it is on an account with so many tokens.
 */
async function send(text: string, outputTokens: number) {
  const { key } = await proxy.customer(formatCredits(BigInt(outputTokens) * TOKEN))
  const response = await fetch(`${proxy.url}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: text,
  })
  const id = response.headers.get('x-request-id') as string
  const answer = (await response.json()) as Answer
  return {
    status: response.status,
    limit: response.headers.get('x-tollkeeper-max-tokens'),
    sent: proxy.sandbox.calls.get(id)?.body,
    answer,
    choice: answer.choices?.[0],
    id,
  }
}

const bodyWith = (limit: string) =>
  `{ "model":"free-prompts" ,\n\t"messages":[{"role":"user","content":"Caf\\u00e9 \\/ 🙂"}],` +
  `"temperature":1.0, "top_p":1e0,${limit} "seed": 12345678901234567890,` +
  '"sandbox":{"reply_chars":4000} }'

test.for(['max_tokens', 'max_completion_tokens'])(
  'a %s above the balance is lowered to it, and nothing else',
  async (name) => {
    const { status, limit, sent, choice, id } = await send(bodyWith(`"${name}" :1000,`), 100)
    expect(status).toBe(200)
    expect(limit).toBe('100')
    expect(sent).toBe(bodyWith(`"${name}" :100,`))
    expect(choice?.finish_reason).toBe('length')
    const record = await recordOf(proxy, id)
    expect(record).toMatchObject({ hold: 100n * TOKEN, charged: 100n * TOKEN, uncollected: 0n })
  },
)

test('a request without a limit is given the one its balance covers', async () => {
  const { limit, sent, choice } = await send(bodyWith(''), 100)
  expect(limit).toBe('100')
  expect(JSON.parse(sent as string).max_tokens).toBe(100)
  expect(choice?.message.content).toHaveLength(400)
})

test('choices share what the balance covers', async () => {
  const { limit, answer } = await send(bodyWith('"n":3,"max_tokens":1000,'), 100)
  expect(limit).toBe('33')
  expect(answer.usage?.completion_tokens).toBe(99)
})

test('a limit that the balance covers is left alone', async () => {
  const text = bodyWith('"max_tokens" :100,')
  const { limit, sent } = await send(text, 100)
  expect(limit).toBeNull()
  expect(sent).toBe(text)
})

test('a balance that does not pay for one token a choice is refused', async () => {
  const { status, answer, sent } = await send(bodyWith('"n":3,"max_tokens":1000,'), 2)
  expect(status).toBe(402)
  expect(answer.error).toMatchObject({ type: 'insufficient_quota', code: 'insufficient_quota' })
  expect(sent).toBeUndefined()
})

test('a stream is never clamped', async () => {
  const { key } = await proxy.customer(formatCredits(5_000n * TOKEN))
  const messages = [{ role: 'user', content: 'Hello' }]
  const body = { model: 'free-prompts', stream: true, max_tokens: 9_000, messages }
  const response = await proxy.chat(key, body)
  await response.text()
  expect(response.headers.get('x-tollkeeper-max-tokens')).toBeNull()
  const call = proxy.sandbox.calls.get(response.headers.get('x-request-id') as string)
  expect(JSON.parse(call?.body as string).max_tokens).toBe(9_000)
})
