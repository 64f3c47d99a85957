import type { OpenAI } from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  type Customer,
  eventually,
  startProxy,
  type Proxy as Tollkeeper,
} from '../harness/proxy.ts'
import { client, HELLO, SDKS } from './sdks.ts'

let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  proxy = await startProxy()
})
beforeEach(async () => {
  customer = await proxy.customer('1000')
})
afterAll(() => proxy.close())

/** Says something every 5 ms, for ever as far as a test is concerned. */
const ENDLESS = {
  model: 'sandbox-echo',
  messages: HELLO,
  stream: true,
  sandbox: { reply_chars: 1_000_000, chunk_chars: 20, delay_ms: 5 },
} as OpenAI.ChatCompletionCreateParamsStreaming

/** Charged for what was generated until the upstream was stopped, and nothing is held any more. */
async function expectSettled(requestId: string): Promise<void> {
  const record = await proxy.settled(requestId)
  expect(record).toMatchObject({ outcome: 'client_gone', state: 'settled' })
  const call = proxy.sandbox.calls.get(requestId)
  await eventually(() => (call?.endedAt ?? null) !== null || undefined)
  expect(call?.completionTokens).toBeLessThan(100_000)
  const { body } = await proxy.admin('GET', `/accounts/${customer.accountId}`)
  expect(body.held).toBe('0')
  expect(Number(body.posted)).toBeCloseTo(1000 - Number(record.charged), 6)
  expect(Number(record.charged)).toBeGreaterThan(0)
}

describe.each(SDKS)('with %s', (_name, Sdk) => {
  const openai = () => client(Sdk, proxy, customer.key)

  test('a stream aborted through its controller is settled', async () => {
    const { data: stream, response } = await openai()
      .chat.completions.create(ENDLESS)
      .withResponse()
    let chunks = 0
    for await (const _chunk of stream) {
      chunks += 1
      if (chunks === 5) stream.controller.abort()
    }
    await expectSettled(response.headers.get('x-request-id') as string)
  })

  test('a stream whose loop is left is settled', async () => {
    const { data: stream, response } = await openai()
      .chat.completions.create(ENDLESS)
      .withResponse()
    for await (const _chunk of stream) break
    await expectSettled(response.headers.get('x-request-id') as string)
  })

  test.each([false, true])(
    'a call aborted before its answer costs nothing (stream: %s)',
    async (stream) => {
      const controller = new AbortController()
      const params = { model: 'sandbox-hang', messages: HELLO, stream }
      const call = openai().chat.completions.create(
        params as OpenAI.ChatCompletionCreateParamsStreaming,
        { signal: controller.signal },
      )
      const calls = () => [...proxy.sandbox.calls.values()].filter((one) => one.endedAt === null)
      await eventually(() => calls()[0])
      controller.abort()
      await expect(call).rejects.toBeInstanceOf(Sdk.APIUserAbortError)
      await eventually(() => calls().length === 0 || undefined)
      const path = `/accounts/${customer.accountId}`
      const account = await eventually(async () => {
        const { body } = await proxy.admin('GET', path)
        return body.held === '0' ? body : undefined
      })
      expect(account).toMatchObject({ posted: '1000', available: '1000' })
    },
  )
})
