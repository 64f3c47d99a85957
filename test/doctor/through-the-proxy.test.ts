import { afterAll, beforeAll, expect, test } from 'vitest'
import { QUIRKS } from '../../src/doctor/quirks.ts'
import type { SandboxCall } from '../../src/sandbox/index.ts'
import type { Customer, Proxy as Tollkeeper } from '../harness/proxy.ts'
import { chunksOf, putModel } from '../routing/setup.ts'
import { EXPECTED, type Expected } from './expected.ts'
import { baseOf, examine, KEY, startHospital } from './patient.ts'

/** Reasoning tokens that the sandbox streams, and those it only tells of. */
const SHOWN_TOKENS = 10
const HIDDEN_TOKENS = 64
const TELLS_OF_HIDDEN = ['reasoning-apart', 'reasoning-in-total']

/** The limit cuts off its end. A token is 4 characters. */
const SAID = 'Tell me something about the sea, and about ships.'
const LIMIT_TOKENS = 12

/** Servers whose quirks the profile, or the relay, makes up for. */
const HANDLED = Object.entries<Expected>(EXPECTED)
  .filter(([, { finds }]) => finds.every((quirk) => QUIRKS[quirk].verdict === 'quirk'))
  .map(([name]) => name)

let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  proxy = await startHospital()
  customer = await proxy.customer('1000')
})
afterAll(() => proxy.close())

/** A request that uses everything an upstream may be quirky about. */
const question = (model: string, stream: boolean) => ({
  model,
  messages: [
    { role: 'developer', content: 'Answer in English.' },
    { role: 'user', content: SAID },
  ],
  ...(stream
    ? { stream, stream_options: { include_usage: true }, max_completion_tokens: LIMIT_TOKENS }
    : { max_tokens: LIMIT_TOKENS }),
})

/** What the server says of what it was told to. */
function echoOf(name: string): string {
  const thoughts = name.startsWith('reasoning') ? SHOWN_TOKENS : 0
  return SAID.slice(0, (LIMIT_TOKENS - thoughts) * 4)
}

/** Tokens of a call, as the upstream knows them. */
function truthOf(name: string, call: SandboxCall): { prompt: number; completion: number } {
  const hidden = TELLS_OF_HIDDEN.includes(name) ? HIDDEN_TOKENS : 0
  return { prompt: call.promptTokens, completion: call.completionTokens + hidden }
}

async function ask(name: string, stream: boolean) {
  const answer = await proxy.chat(customer.key, question(name, stream))
  const text = await answer.text()
  expect(answer.status, text).toBe(200)
  const record = await proxy.settled(answer.headers.get('x-request-id') as string)
  const call = proxy.sandbox.calls.get(record.id) as SandboxCall
  const truth = truthOf(name, call)
  expect(record).toMatchObject({
    outcome: 'completed',
    provider: name,
    prompt_tokens: truth.prompt,
    completion_tokens: truth.completion,
    charged: String((truth.prompt + truth.completion) / 100), // 10 credits per 1,000 tokens
    uncollected: '0',
  })
  return text
}

test('there are many servers whose quirks are made up for', () => {
  expect(HANDLED.length).toBeGreaterThan(25)
})

test.each(HANDLED)(
  'with what the doctor saved, calls to %s complete and are charged exactly',
  async (name) => {
    const patient = { base_url: baseOf(proxy, name), api_key: KEY, model: 'a-model' }
    const { base_url, profile } = await examine(proxy, patient)
    const settings = { base_url, api_key: KEY, profile }
    expect((await proxy.admin('PUT', `/providers/${name}`, settings)).status).toBe(200)
    await putModel(proxy, name, [{ provider: name, upstream_model: 'a-model' }])

    const whole = JSON.parse(await ask(name, false))
    expect(whole.choices[0].message.content).toBe(echoOf(name))
    expect(whole.model).toBe(name)

    const stream = await ask(name, true)
    const chunks: any[] = chunksOf(stream)
    const said = chunks.map(({ choices }) => choices[0]?.delta?.content ?? '').join('')
    expect(said).toBe(echoOf(name))
    expect(stream).toMatch(/data: \[DONE\]\n\n$/)
    const reports = chunks.filter(({ usage }) => usage)
    expect(reports).toEqual([chunks.at(-1)])
    expect(reports[0].choices).toEqual([])
  },
)
