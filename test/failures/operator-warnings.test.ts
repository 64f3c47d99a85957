import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../endpoints/run.ts'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { scrape } from '../metrics/scrape.ts'
import { ask, KINDS } from './expect-failure.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
})
afterAll(() => proxy.close())

const CHAT = '/chat/completions'
const told = (usage: object) => ({ sandbox: { usage } })

/** What the operator was told of a request beside its own line. */
async function toldOf(body: object, path = CHAT) {
  const { requestId, record } = await run(proxy, path, body)
  await proxy.logOf(requestId)
  const isTold = ({ level, msg }: { level: number; msg?: string }) =>
    level > 30 && msg !== 'request'
  const lines = proxy.logs.filter((line) => line.request_id === requestId && isTold(line))
  return { record, lines }
}

test.each([
  ['sandbox-error-401', 401],
  ['sandbox-error-403', 403],
  ['sandbox-error-402', 402],
  ['sandbox-error-429-quota', 429],
])(
  'an upstream that refuses our key or account is an error in the log: %s',
  async (card, status) => {
    const { lines } = await toldOf(ask(card, true))
    expect(lines).toEqual([
      expect.objectContaining({
        level: 50,
        msg: 'the upstream refuses our key or account',
        provider: 'openai',
        base_url: expect.stringContaining('http'),
        upstream_status: status,
      }),
    ])
    const failed = await scrape(proxy)
    const labels = { code: 'upstream_misconfigured' }
    expect(failed.sum('tollkeeper_upstream_failures_total', labels)).toBeGreaterThan(0)
  },
)

test.each<[string, object, string]>([
  ['a negative count', { prompt_tokens: 4, completion_tokens: -3 }, 'completion_tokens is not a'],
  [
    'a count beyond any model',
    { prompt_tokens: 1e9, completion_tokens: 1 },
    'prompt_tokens is not',
  ],
  ['a fraction', { prompt_tokens: 4.5, completion_tokens: 1 }, 'prompt_tokens is not a count'],
  [
    'more cached tokens than there are',
    { prompt_tokens: 4, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 5 } },
    'cached_tokens exceed prompt_tokens',
  ],
])('a usage with %s is a warning that names the provider', async (_, usage, odd) => {
  for (const [, stream] of KINDS) {
    const { lines, record } = await toldOf(ask('sandbox-echo', stream, told(usage)))
    expect(record).toMatchObject({ outcome: 'completed' })
    const line = { level: 40, msg: 'odd usage', provider: 'openai' }
    expect(lines).toEqual([expect.objectContaining({ ...line, odd: expect.stringContaining(odd) })])
  }
})

test('a report that is smaller than one before it is a warning, and the larger one counts', async () => {
  const { lines } = await toldOf(ask('sandbox-usage-shrinking', true))
  const odd = 'a later report is smaller than an earlier one'
  expect(lines).toEqual([expect.objectContaining({ msg: 'odd usage', odd })])
})

test('an odd usage of a response or a message is a warning too', async () => {
  const usage = { input_tokens: 4, output_tokens: -1 }
  for (const stream of [true, false]) {
    const body = { model: 'sandbox-echo', stream, ...told(usage) }
    const messages = [{ role: 'user', content: 'Hi' }]
    const response = await toldOf({ ...body, input: 'Hi' }, '/responses')
    const message = await toldOf({ ...body, messages, max_tokens: 9 }, '/messages')
    for (const { lines } of [response, message]) {
      expect(lines).toEqual([expect.objectContaining({ msg: 'odd usage' })])
    }
  }
})

test.each([
  'sandbox-echo',
  'sandbox-no-usage',
  'sandbox-usage-null',
  'sandbox-usage-every-chunk',
  'sandbox-usage-without-reasoning',
  'sandbox-usage-x-groq',
])('a usage that can be right is no warning: %s', async (card) => {
  for (const [, stream] of KINDS) expect((await toldOf(ask(card, stream))).lines).toEqual([])
})

test.each<[string | null, number | null]>([
  ['2', 2],
  ['0', 0],
  [null, null],
  ['two', null],
])('the line of a request tells how often its client tried before: %j', async (sent, retries) => {
  const { key } = await proxy.customer('100')
  const headers: Record<string, string> = sent === null ? {} : { 'x-stainless-retry-count': sent }
  for (const model of ['sandbox-echo', '']) {
    const answer = await fetch(`${proxy.url}${CHAT}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ ...ask(model, false) }),
    })
    await answer.text()
    const line = await proxy.logOf(answer.headers.get('x-request-id') as string)
    expect(line).toMatchObject({ client_retries: retries })
  }
})
