import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ask, chunksOf, LOOPBACK, putModel, putProvider, say } from './setup.ts'

/** A name that JSON has to escape. */
const PUBLIC = 'house/"fast": ü'
const USAGE = { stream: true, stream_options: { include_usage: true } }

let acme: Sandbox
let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  acme = await startSandbox()
  proxy = await startProxy({ env: LOOPBACK })
  await putProvider(proxy, 'acme', acme)
  customer = await proxy.customer('1000')
})
afterAll(async () => {
  await proxy.close()
  await acme.close()
})

/** What the client reads when the public name stands for a model of the upstream. */
async function answerOf(upstreamModel: string, body: object): Promise<string> {
  await putModel(proxy, PUBLIC, [{ provider: 'acme', upstream_model: upstreamModel }])
  const { status, text } = await ask(proxy, customer.key, say(PUBLIC, body), { acme })
  expect(status, text).toBe(200)
  return text
}

test('a plain answer has the public name of the model, and is else as it came', async () => {
  const text = await answerOf('sandbox-echo', {})
  const answer = JSON.parse(text)
  expect(answer.model).toBe(PUBLIC)
  expect(answer.choices[0].message.content).toBe('Hello, wherever you are.')
  expect(text).not.toContain('sandbox-echo')
})

test.for([
  ['sandbox-echo', 'that is plain'],
  ['sandbox-tool-call', 'that calls a tool'],
  ['sandbox-crlf', 'with other line ends'],
  ['sandbox-fragments', 'that comes in fragments'],
  ['sandbox-error-null', 'with an error that is null'],
  ['sandbox-usage-every-chunk', 'with usage in each chunk'],
  ['sandbox-json-for-stream', 'that the upstream sent in one piece'],
] as const)('every chunk of a stream has the public name: %s, %s', async ([card]) => {
  const text = await answerOf(card, { stream: true })
  const names = new Set(chunksOf(text).map(({ model }) => model))
  expect([...names]).toEqual([PUBLIC])
  expect(text).not.toContain(card)
  expect(text).toMatch(/data: \[DONE\]\n\n$/)
})

test.for([
  ['sandbox-echo', "the upstream's"],
  ['sandbox-usage-finish-chunk', 'made of what the upstream reported elsewhere'],
  ['sandbox-no-usage', 'estimated'],
  ['sandbox-json-for-stream', 'of an answer in one piece'],
] as const)('the usage chunk has the public name: %s, %s', async ([card]) => {
  const text = await answerOf(card, USAGE)
  const chunk = chunksOf(text).at(-1)
  expect(chunk).toMatchObject({ model: PUBLIC, choices: [], usage: expect.anything() })
  expect(text).not.toContain(card)
})

test('a model that its provider knows by the same name is relayed untouched', async () => {
  const model = 'sandbox-echo'
  await putModel(proxy, model, [{ provider: 'acme' }])
  const { text, asked } = await ask(proxy, customer.key, say(model), { acme })
  expect(asked).toEqual(['acme'])
  expect(JSON.parse(text).model).toBe(model)
})

test('the list of models has the public name, and not that of the upstream', async () => {
  await putModel(proxy, PUBLIC, [{ provider: 'acme', upstream_model: 'hidden-large' }])
  const authorization = `Bearer ${customer.key}`
  const response = await fetch(`${proxy.url}/models`, { headers: { authorization } })
  const { data } = (await response.json()) as { data: { id: string }[] }
  const names = data.map(({ id }) => id)
  expect(names).toContain(PUBLIC)
  expect(names).not.toContain('hidden-large')
  const asked = await ask(proxy, customer.key, say('hidden-large'), { acme })
  expect(asked.asked).toEqual([]) // it is the environment's model of that name, if any
})
