import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { creditsOf, readStream } from './expect-broken.ts'
import { ask, KINDS } from './expect-failure.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
})
afterAll(() => proxy.close())

const CARDS = [
  ['missing', 'sandbox-no-usage'],
  ['null', 'sandbox-usage-null'],
  ['zero', 'sandbox-usage-zero'],
  ['negative', 'sandbox-usage-negative'],
  ['text', 'sandbox-usage-string'],
  ['1e308 and "NaN"', 'sandbox-usage-nan'],
  ['only a total of 0', 'sandbox-usage-total-only'],
]

const QUESTION = 'How many tokens is this, and who says so?'

async function expectEstimate(body: object): Promise<void> {
  const { accountId, key } = await proxy.customer('100')
  const response = await proxy.chat(key, body)
  const text = await response.text()
  expect(response.status, text).toBe(200)
  const requestId = response.headers.get('x-request-id') as string
  const record = await proxy.settled(requestId)
  const truth = proxy.sandbox.calls.get(requestId)
  const tokens = Math.ceil(QUESTION.length / 4)
  expect(truth).toMatchObject({ promptTokens: tokens, completionTokens: tokens })
  expect(record).toMatchObject({
    state: 'settled',
    outcome: 'completed',
    error: null,
    usage_source: 'estimated',
    prompt_tokens: tokens,
    completion_tokens: tokens,
    charged: creditsOf(2 * tokens),
    uncollected: '0',
  })
  const account = await proxy.admin('GET', `/accounts/${accountId}`)
  expect(account.body).toMatchObject({ posted: creditsOf(10_000 - 2 * tokens), held: '0' })
}

for (const [usage, card] of CARDS) {
  test.each(KINDS)(`usage that is ${usage} lets %s succeed, charged by the estimate`, (_, stream) =>
    expectEstimate({
      ...ask(card as string, stream),
      messages: [{ role: 'user', content: QUESTION }],
    }),
  )
}

test.each([
  ['beyond any model', { prompt_tokens: 1e9, completion_tokens: 1e9 }],
  ['a fraction', { prompt_tokens: 2.5, completion_tokens: 0.1 }],
  ['a list', { prompt_tokens: [11], completion_tokens: [11] }],
  ['empty', {}],
])('a reported usage that is %s is not believed', async (_, usage) => {
  for (const stream of [true, false]) {
    const messages = [{ role: 'user', content: QUESTION }]
    await expectEstimate({ ...ask('sandbox-echo', stream), messages, sandbox: { usage } })
  }
})

test.each(KINDS)('a usage without completion tokens is completed for %s', async (_, stream) => {
  const sandbox = { usage: { prompt_tokens: 7, completion_tokens: 0, total_tokens: 7 } }
  const { key } = await proxy.customer('100')
  const response = await proxy.chat(key, ask('sandbox-echo', stream, { sandbox }))
  await response.text()
  const record = await proxy.settled(response.headers.get('x-request-id') as string)
  expect(record).toMatchObject({ prompt_tokens: 7, completion_tokens: 4, charged: '0.11' })
})

test('a client that asked for usage gets the estimate where nothing is reported', async () => {
  const { key } = await proxy.customer('100')
  const more = { stream_options: { include_usage: true } }
  const response = await proxy.chat(key, ask('sandbox-no-usage', true, more))
  const { events, last } = readStream(await response.text())
  expect(last).toBe('[DONE]')
  const usage = { prompt_tokens: 4, completion_tokens: 4, total_tokens: 8 }
  expect(JSON.parse(events.at(-2) as string)).toMatchObject({ choices: [], usage })
})
