import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { all, client, HELLO, SDKS } from './sdks.ts'

const TOOL = {
  type: 'function' as const,
  function: {
    name: 'look_up_city',
    description: 'Finds a city.',
    parameters: { type: 'object', properties: { city: { type: 'string' } } },
  },
}
const ASK = { model: 'sandbox-tool-call', messages: HELLO, tools: [TOOL] }

let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  proxy = await startProxy()
  customer = await proxy.customer('1000')
})
afterAll(() => proxy.close())

describe.each(SDKS)('with %s', (_name, Sdk) => {
  const openai = () => client(Sdk, proxy, customer.key)

  test('a tool call comes in one piece', async () => {
    const { choices } = await openai().chat.completions.create(ASK)
    expect(choices[0]?.finish_reason).toBe('tool_calls')
    expect(choices[0]?.message.tool_calls).toMatchObject([
      {
        id: expect.stringMatching(/./),
        type: 'function',
        function: { name: 'look_up_city', arguments: '{"city":"Oslo"}' },
      },
    ])
  })

  test('a tool call comes in pieces that make up the same', async () => {
    const chunks = await all(await openai().chat.completions.create({ ...ASK, stream: true }))
    const calls = chunks.flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? [])
    expect(calls.length).toBeGreaterThan(2)
    expect(calls[0]).toMatchObject({ index: 0, type: 'function' })
    expect(calls.map((call) => call.function?.name ?? '').join('')).toBe('look_up_city')
    const json = calls.map((call) => call.function?.arguments ?? '').join('')
    expect(JSON.parse(json)).toEqual({ city: 'Oslo' })
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('tool_calls')
  })

  test('the stream helper of the SDK puts a tool call together', async () => {
    const openaiClient = openai()
    // in 4.x the helper is in `beta`, where 7.x does not have it any more
    const { chat } =
      'stream' in openaiClient.chat.completions
        ? openaiClient
        : (openaiClient.beta as unknown as typeof openaiClient)
    const completion = await chat.completions.stream(ASK).finalChatCompletion()
    const call = completion.choices[0]?.message.tool_calls?.[0]
    expect(call).toMatchObject({
      type: 'function',
      function: { name: 'look_up_city', arguments: '{"city":"Oslo"}' },
    })
  })

  test('tools and their schemas reach the upstream as they were given', async () => {
    const completion = await openai().chat.completions.create(ASK)
    const call = proxy.sandbox.calls.get(completion._request_id as string)
    expect(JSON.parse(call?.body ?? '')).toEqual(ASK)
  })
})
