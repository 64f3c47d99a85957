import { afterAll, beforeAll, expect, test } from 'vitest'
import { formatCredits } from '../../src/domain/credits.ts'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { readStream } from './read-stream.ts'
import { balanceOf, countsPrompts, recordOf, setSlice, TOKEN } from './setup.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
  await setSlice(proxy, 32)
  await countsPrompts(proxy)
})
afterAll(() => proxy.close())

const SAID = 'Hello there, you'
const PROMPT_TOKENS = SAID.length / 4
/** Of the role, and of the field `sandbox`, which is none that Tollkeeper knows. */
const BYTES_AROUND = 32
const request = (sandbox: object, options?: object) => ({
  model: 'sandbox-echo',
  stream: true,
  ...(options && { stream_options: options }),
  messages: [{ role: 'user', content: SAID }],
  sandbox: { reply_chars: 4_000, ...sandbox },
})

/** An account that can pay for the prompt and so many tokens of answer, with the prompt exact. */
async function customerFor(outputTokens: number) {
  const micro = BigInt(PROMPT_TOKENS + BYTES_AROUND + outputTokens) * TOKEN
  return { micro, ...(await proxy.customer(formatCredits(micro))) }
}

test('a stream that runs dry ends with its usage and an error, without [DONE]', async () => {
  const { key, accountId, micro } = await customerFor(200)
  const body = request({ delay_ms: 2 }, { include_usage: true })
  const seen = await readStream(await proxy.chat(key, body))
  expect(seen).toMatchObject({
    status: 200,
    kinds: ['text', 'usage', 'error'], // no finish_reason was invented
    error: { code: 'insufficient_quota', type: 'insufficient_quota' },
  })
  const delivered = seen.text.length / 4
  expect(delivered).toBe(200)
  expect(seen.usage).toMatchObject({ prompt_tokens: PROMPT_TOKENS, completion_tokens: delivered })

  const record = await recordOf(proxy, seen.requestId)
  const cost = BigInt(PROMPT_TOKENS + delivered) * TOKEN
  expect(record).toMatchObject({ outcome: 'out_of_credits', charged: cost, uncollected: 0n })
  expect(record.error.code).toBe('insufficient_quota')
  const rest = formatCredits(micro - cost)
  expect(await balanceOf(proxy, accountId)).toEqual({ posted: rest, held: '0' })
  const call = proxy.sandbox.calls.get(seen.requestId)
  await eventually(() => call?.closedByPeer || undefined)
})

test('a stream that runs dry is sent no usage its client did not ask for', async () => {
  const { key } = await customerFor(50)
  const seen = await readStream(await proxy.chat(key, request({ delay_ms: 2 })))
  expect(seen.kinds).toEqual(['text', 'error'])
})

test('a stream faster than the ledger is charged no more than its account had', async () => {
  const { key, accountId, micro } = await customerFor(100)
  const seen = await readStream(await proxy.chat(key, request({ delay_ms: 0 })))
  expect(seen.kinds).toEqual(['text', 'error'])
  const record = await recordOf(proxy, seen.requestId)
  const cost = BigInt(PROMPT_TOKENS + seen.text.length / 4) * TOKEN
  expect(record.charged + record.uncollected).toBe(cost)
  expect(record.charged).toBe(cost < micro ? cost : micro)
  const rest = formatCredits(micro - record.charged)
  expect(await balanceOf(proxy, accountId)).toEqual({ posted: rest, held: '0' })
})
