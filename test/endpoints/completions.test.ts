import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { creditsOf, eventsOf, run } from './run.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
})
afterAll(() => proxy.close())

const PATH = '/completions'
const ask = (more: object = {}) => ({ model: 'sandbox-echo', prompt: 'Hello, upstream', ...more })

const textOf = (text: string) =>
  eventsOf(text)
    .map(({ data }) => data.choices?.[0]?.text ?? '')
    .join('')

test('a completion passes as the upstream sent it, and is charged as it reported', async () => {
  const { text, record, account } = await run(proxy, PATH, ask())
  expect(JSON.parse(text)).toMatchObject({
    object: 'text_completion',
    choices: [{ text: 'Hello, upstream', finish_reason: 'stop' }],
    usage: { prompt_tokens: 4, completion_tokens: 4 },
  })
  expect(record).toMatchObject({ endpoint: '/v1/completions', usage_source: 'reported' })
  expect(record).toMatchObject({ prompt_tokens: 4, completion_tokens: 4, charged: creditsOf(8) })
  expect(account).toMatchObject({ posted: '999.92', held: '0' })
})

test('a stream of a completion ends with [DONE], without a usage nobody asked for', async () => {
  const { text, record } = await run(proxy, PATH, ask({ stream: true }))
  expect(textOf(text)).toBe('Hello, upstream')
  expect(text).toMatch(/data: \[DONE\]\n\n$/)
  expect(text).not.toContain('usage')
  expect(record).toMatchObject({ stream: true, usage_source: 'reported', charged: creditsOf(8) })
})

test('the usage chunk of a completion has the form of its stream', async () => {
  const options = { stream: true, stream_options: { include_usage: true } }
  for (const model of ['sandbox-echo', 'sandbox-no-usage']) {
    const { text } = await run(proxy, PATH, ask({ model, ...options }))
    expect(eventsOf(text).at(-2)?.data).toMatchObject({
      object: 'text_completion',
      model,
      choices: [],
      usage: { prompt_tokens: 4, completion_tokens: 4 },
    })
  }
})

test.each([false, true])(
  'without usage a completion is charged its text (stream: %j)',
  async (stream) => {
    const { record } = await run(proxy, PATH, ask({ model: 'sandbox-no-usage', stream }))
    expect(record).toMatchObject({ usage_source: 'estimated', charged: creditsOf(8) })
  },
)

test('each prompt is held and charged, and each of best_of held', async () => {
  const prompts = ['Hello, one', 'Hello, two', [1, 2, 3]]
  const { record, text } = await run(proxy, PATH, ask({ prompt: prompts, max_tokens: 10 }))
  expect(JSON.parse(text).choices).toHaveLength(3)
  expect(record).toMatchObject({ prompt_tokens: 5 + 3, completion_tokens: 9 })
  const holdOf = async (more: object) =>
    Number((await run(proxy, PATH, ask({ max_tokens: 10, ...more }))).record.hold)
  const once = await holdOf({})
  expect(await holdOf({ n: 3 })).toBeGreaterThanOrEqual(once + 0.2)
  expect(await holdOf({ best_of: 3 })).toBeGreaterThanOrEqual(once + 0.2)
})

test('the ids of a prompt are its tokens', async () => {
  const { record } = await run(proxy, PATH, ask({ model: 'sandbox-no-usage', prompt: [1, 2, 3] }))
  expect(record.prompt_tokens).toBe(3)
})

test('a JSON answer to a stream of a completion becomes its chunks', async () => {
  const { text, record } = await run(
    proxy,
    PATH,
    ask({ model: 'sandbox-json-for-stream', stream: true }),
  )
  expect(textOf(text)).toBe('Hello, upstream')
  expect(eventsOf(text)[0]?.data).toMatchObject({
    object: 'text_completion',
    choices: [{ index: 0, finish_reason: 'stop' }],
  })
  expect(text).toMatch(/data: \[DONE\]\n\n$/)
  expect(record.charged).toBe(creditsOf(8))
})

test('a completion that breaks off ends with an error event, and is charged its text', async () => {
  const { text, record } = await run(
    proxy,
    PATH,
    ask({ model: 'sandbox-cut-midstream', stream: true }),
  )
  expect(text).not.toContain('[DONE]')
  expect(eventsOf(text).at(-1)).toMatchObject({
    name: null,
    data: { error: { code: 'upstream_error' } },
  })
  expect(textOf(text)).toHaveLength(12)
  expect(record).toMatchObject({ outcome: 'upstream_broken', charged: creditsOf(4 + 3) })
})
