import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { creditsOf, run } from './run.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
})
afterAll(() => proxy.close())

const messages = [{ role: 'user', content: 'Hello, upstream' }]
const MESSAGE = { model: 'sandbox-echo', messages, max_tokens: 0 }
const COMPLETION = { model: 'sandbox-echo', prompt: 'Hello, upstream', max_tokens: 0 }
const ASKED: [path: string, body: object][] = [
  ['/messages', MESSAGE],
  ['/messages', { ...MESSAGE, stream: true }],
  ['/completions', COMPLETION],
  ['/completions', { ...COMPLETION, stream: true }],
]

test.each(ASKED)('%s with %j has no output, and costs its prompt', async (path, body) => {
  const { status, record, truth } = await run(proxy, path, body)
  expect(status).toBe(200)
  expect(JSON.parse(truth?.body ?? '')).toMatchObject({ max_tokens: 0 })
  expect(record).toMatchObject({ outcome: 'completed', usage_source: 'reported' })
  expect(record).toMatchObject({ prompt_tokens: 4, completion_tokens: 0, charged: creditsOf(4) })
})

test('a limit of no tokens is not raised where the balance is low', async () => {
  const text = JSON.stringify(MESSAGE)
  const { headers, record, truth } = await run(proxy, '/messages', text, creditsOf(text.length))
  expect(record).toMatchObject({ outcome: 'completed', hold: creditsOf(text.length) })
  expect(headers.get('x-tollkeeper-max-tokens')).toBeNull()
  expect(truth?.body).toBe(text)
})

test.each([false, true])(
  'a prompt that is only echoed is no output (stream: %j)',
  async (stream) => {
    const echoed = {
      ...COMPLETION,
      model: 'sandbox-ignores-limit',
      echo: true,
      logprobs: 1,
      stream,
    }
    const usage = { prompt_tokens: 4, completion_tokens: 0, total_tokens: 4 }
    const { text, record } = await run(proxy, '/completions', { ...echoed, sandbox: { usage } })
    expect(text).toContain('Toll')
    expect(record).toMatchObject({ usage_source: 'reported', charged: creditsOf(4) })
    const unreported = { ...echoed, sandbox: { usage: {} } }
    const estimated = await run(proxy, '/completions', unreported)
    expect(estimated.record).toMatchObject({
      usage_source: 'estimated',
      charged: creditsOf(4 + 20),
    })
  },
)
