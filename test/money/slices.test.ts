import { afterAll, beforeAll, expect, test } from 'vitest'
import { formatCredits } from '../../src/domain/credits.ts'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { readStream } from './read-stream.ts'
import { balanceOf, recordOf, setSlice, TOKEN } from './setup.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
  await setSlice(proxy, 32)
})
afterAll(() => proxy.close())

const SAID = 'The quick brown fox jumps over the lazy dog. '.repeat(40)
const TOKENS = SAID.length / 4
const PROMPT_TOKENS = TOKENS
const request = (sandbox = {}) => ({
  model: 'sandbox-echo',
  stream: true,
  messages: [{ role: 'user', content: SAID }],
  sandbox,
})
/** The bytes of the body bound its prompt. */
const bytesOf = (body: unknown) => Buffer.byteLength(JSON.stringify(body))

test.for([0, 2])(
  'a stream that outgrows its slice goes on without a gap, a chunk every %i ms',
  async (delayMs) => {
    const { key, accountId } = await proxy.customer('1000')
    const body = request({ delay_ms: delayMs })
    const seen = await readStream(await proxy.chat(key, body))
    expect(seen.text).toBe(SAID)
    expect(seen.kinds).toEqual(['text', 'finish', 'done'])

    const record = await recordOf(proxy, seen.requestId)
    const cost = BigInt(PROMPT_TOKENS + TOKENS) * TOKEN
    expect(record).toMatchObject({
      outcome: 'completed',
      usage_source: 'reported',
      charged: cost,
      uncollected: 0n,
    })
    expect(record.hold).toBeGreaterThanOrEqual(BigInt(bytesOf(body) + TOKENS) * TOKEN)
    const rest = formatCredits(1_000_000_000n - cost)
    expect(await balanceOf(proxy, accountId)).toEqual({ posted: rest, held: '0' })
  },
)

test('a stream holds its prompt and one slice before it is answered', async () => {
  const { key, accountId } = await proxy.customer('1000')
  const body = request()
  proxy.sandbox.hold()
  const response = proxy.chat(key, body)
  await eventually(() => proxy.sandbox.waiting() === 1)
  const { held } = await balanceOf(proxy, accountId)
  expect(held).toBe(formatCredits(BigInt(bytesOf(body) + 32) * TOKEN))
  proxy.sandbox.release()
  expect((await readStream(await response)).text).toBe(SAID)
})

test('a stream with a limit below a slice holds its limit only', async () => {
  const { key } = await proxy.customer('1000')
  const body = { ...request(), max_tokens: 8 }
  const seen = await readStream(await proxy.chat(key, body))
  expect(seen.text).toBe(SAID.slice(0, 32))
  const record = await recordOf(proxy, seen.requestId)
  expect(record.hold).toBe(BigInt(bytesOf(body) + 8) * TOKEN)
})
