import { afterAll, beforeAll, expect, test } from 'vitest'
import { formatCredits } from '../../src/domain/credits.ts'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { readStream } from './read-stream.ts'
import { balanceOf, recordOf, setModel } from './setup.ts'

/** Micro-credits of an output token of the models below; their prompts are free. */
const TOKEN = 10_000n
const FREE_PROMPT = { input: '0', output: '10', sliceTokens: 8 }
/** Tokens that the card reports beyond those it shows: more than any hold covers. */
const HIDDEN = 64
const SHOWN = 8

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
  await setModel(proxy, 'sandbox-reasoning', FREE_PROMPT)
  await setModel(proxy, 'sandbox-ignores-limit', FREE_PROMPT)
})
afterAll(() => proxy.close())

/** Runs one request to its end on an account that can pay for so many output tokens. */
async function run(outputTokens: number, body: object) {
  const micro = BigInt(outputTokens) * TOKEN
  const { key, accountId } = await proxy.customer(formatCredits(micro))
  const messages = [{ role: 'user', content: 'Hello' }]
  const response = await proxy.chat(key, { messages, ...body })
  expect(response.status).toBe(200)
  const id = response.headers.get('x-request-id') as string
  const seen = await readStream(response)
  const record = await recordOf(proxy, id)
  const line = await proxy.logOf(id)
  return { seen, record, line, micro, ...(await balanceOf(proxy, accountId)) }
}

const KINDS = [
  ['a stream', true],
  ['a plain request', false],
] as const

test.for(KINDS)('hidden reasoning of %s is charged beyond its hold', async ([, stream]) => {
  const body = { model: 'sandbox-reasoning', stream, max_tokens: SHOWN }
  const { record, line, posted, held } = await run(1_000, body)
  const cost = BigInt(SHOWN + HIDDEN) * TOKEN
  expect(record).toMatchObject({ outcome: 'completed', charged: cost, uncollected: 0n })
  expect(record.completion_tokens).toBe(SHOWN + HIDDEN)
  expect(record.hold).toBe(cost) // grew to what was charged
  expect(line).toMatchObject({ hold: formatCredits(cost), charged: formatCredits(cost) })
  expect({ posted, held }).toEqual({ posted: formatCredits(1_000n * TOKEN - cost), held: '0' })
})

test.for(KINDS)('what %s cost above the balance is uncollected', async ([, stream]) => {
  const body = { model: 'sandbox-reasoning', stream, max_tokens: SHOWN }
  const { record, micro, posted, held } = await run(SHOWN + 20, body)
  expect(record).toMatchObject({
    outcome: 'completed',
    hold: micro,
    charged: micro,
    uncollected: BigInt(HIDDEN - 20) * TOKEN,
  })
  expect({ posted, held }).toEqual({ posted: '0', held: '0' })
})

test('a stream that ignores its limit is charged what it delivered', async () => {
  const body = { model: 'sandbox-ignores-limit', stream: true, max_tokens: 4 }
  const { seen, record } = await run(1_000, body)
  expect(seen).toMatchObject({ kinds: ['text', 'finish', 'done'] })
  expect(seen.text).toHaveLength(80)
  expect(record).toMatchObject({ outcome: 'completed', charged: 20n * TOKEN, uncollected: 0n })
  expect(record.hold).toBeGreaterThanOrEqual(record.charged)
})

const SPEEDS = [
  ['slowly', 5],
  ['in one read', 0],
] as const

test.for(SPEEDS)(
  'a stream that ignores its limit %s is cut where its hold ends',
  async ([, ms]) => {
    const sandbox = { delay_ms: ms }
    const body = { model: 'sandbox-ignores-limit', stream: true, max_tokens: 4, sandbox }
    const { seen, record, micro, posted } = await run(4, body)
    expect(seen).toMatchObject({ kinds: ['text', 'error'], error: { code: 'insufficient_quota' } })
    expect(seen.text).toHaveLength(4 * 4)
    expect(record).toMatchObject({ outcome: 'out_of_credits', charged: micro, uncollected: 0n })
    expect(posted).toBe('0')
  },
)
