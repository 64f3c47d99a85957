import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { answerStream, startUpstream, type Upstream } from '../relay/upstream.ts'
import { LOOPBACK, PROVIDER_KEY, putModel, say } from './setup.ts'

const REFUSAL = `Extra parameters ['stream_options'] are not allowed`

let refusal = { status: 400, message: REFUSAL }
let upstream: Upstream
let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  upstream = await startUpstream((response, { body }) => {
    if (!JSON.parse(body.toString()).stream_options) return answerStream(response)
    response.writeHead(refusal.status, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ error: { message: refusal.message } }))
  })
  proxy = await startProxy({ env: LOOPBACK })
  customer = await proxy.customer('1000')
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

/** A provider of its own, whose profile has this setting, and a model there. */
async function provider(name: string, streamOptions: string): Promise<void> {
  const profile = { stream_options: streamOptions }
  const settings = { base_url: upstream.origin, api_key: PROVIDER_KEY, profile }
  expect((await proxy.admin('PUT', `/providers/${name}`, settings)).status).toBe(200)
  await putModel(proxy, name, [{ provider: name }])
}

/** What the upstream was asked for: whether each request had stream_options. */
async function asked(model: string, more: object = {}) {
  const before = upstream.seen.length
  const response = await proxy.chat(customer.key, say(model, { stream: true, ...more }))
  const text = await response.text()
  const sent = upstream.seen.slice(before).map(({ body }) => {
    const { stream_options: options } = JSON.parse(body.toString())
    return options !== undefined
  })
  const record = await proxy.settled(response.headers.get('x-request-id') as string)
  return { status: response.status, text, sent, record }
}

test.each([400, 422])(
  'an upstream that refuses stream_options with %i is sent the same without, once',
  async (status) => {
    refusal = { status, message: REFUSAL }
    await provider(`auto-${status}`, 'auto')
    const first = await asked(`auto-${status}`, { stream_options: { include_usage: true } })
    expect(first).toMatchObject({ status: 200, sent: [true, false] })
    expect(first.text).toMatch(/data: \[DONE\]\n\n$/)
    expect(first.record.attempts).toMatchObject([
      { status, error_code: 'upstream_rejected' },
      { status: 200, error_code: null },
    ])
    expect(first.record).toMatchObject({ outcome: 'completed', state: 'settled' })
  },
)

test('what was refused is remembered for the model, and for no other', async () => {
  refusal = { status: 400, message: REFUSAL }
  await provider('remembers', 'auto')
  await putModel(proxy, 'another', [{ provider: 'remembers', upstream_model: 'another' }])
  expect((await asked('remembers')).sent).toEqual([true, false])
  expect((await asked('remembers')).sent).toEqual([false])
  expect((await asked('another')).sent).toEqual([true, false])
})

test('what was refused is remembered when the catalogue is read again', async () => {
  refusal = { status: 400, message: REFUSAL }
  await provider('reread', 'auto')
  expect((await asked('reread')).sent).toEqual([true, false])
  await proxy.app.database.reloadCatalogue()
  expect((await asked('reread')).sent).toEqual([false])
})

test('a provider that was changed is asked anew', async () => {
  refusal = { status: 400, message: REFUSAL }
  await provider('changed', 'auto')
  expect((await asked('changed')).sent).toEqual([true, false])
  await proxy.admin('PUT', '/providers/changed', {
    base_url: `${upstream.origin}/new`,
    profile: { stream_options: 'auto' },
  })
  expect((await asked('changed')).sent).toEqual([true, false])
})

test('requests that were on their way together are each sent again', async () => {
  refusal = { status: 400, message: REFUSAL }
  await provider('together', 'auto')
  const send = () => proxy.chat(customer.key, say('together', { stream: true }))
  const answers = await Promise.all(Array.from({ length: 8 }, send))
  expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200))
  await Promise.all(answers.map((answer) => answer.text()))
})

test('another refusal is the answer at once', async () => {
  refusal = { status: 400, message: 'Too many apples.' }
  await provider('apples', 'auto')
  const { status, sent, record } = await asked('apples')
  expect({ status, sent }).toEqual({ status: 400, sent: [true] })
  expect(record).toMatchObject({ state: 'released', charged: '0' })
})

test('an upstream that is said to take stream_options is not asked twice', async () => {
  refusal = { status: 400, message: REFUSAL }
  await provider('sends', 'send')
  const { status, sent } = await asked('sends')
  expect({ status, sent }).toEqual({ status: 400, sent: [true] })
})

test('the upstream of the environment is found out, because nobody can describe it', async () => {
  refusal = { status: 400, message: REFUSAL }
  const other = await startProxy({ env: { OPENAI_BASE_URL: upstream.origin } })
  const { key } = await other.customer('1000')
  const response = await other.chat(key, say('any', { stream: true }))
  expect(response.status).toBe(200)
  expect(await response.text()).toMatch(/data: \[DONE\]\n\n$/)
  await other.close()
})

/** What a client may send to be refused in words that an upstream takes from it. */
const ECHOED = [
  { response_format: { type: 'stream_options' } },
  { messages: [{ role: 'Stream_Options', content: 'Hi' }] },
  { stream_options: { include_usage: true, frobnicate: 1 } },
  { stream_options_2: null },
]

test.each(ECHOED)('a client that has %j refused takes no usage from others', async (more) => {
  refusal = { status: 400, message: REFUSAL }
  const name = `echoes-${ECHOED.indexOf(more)}`
  await provider(name, 'auto')
  expect(await asked(name, more)).toMatchObject({ status: 400, sent: [true] })
  expect((await asked(name)).sent).toEqual([true, false]) // it is still asked for it first
})
