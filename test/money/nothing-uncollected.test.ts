import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { formatCredits } from '../../src/domain/credits.ts'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { nothingHeld } from './burst.ts'
import { setSlice, TOKEN } from './setup.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
  await setSlice(proxy, 32)
})
afterAll(() => proxy.close())

const limit = fc.integer({ min: 1, max: 300 })
const noLimit = fc.constant(undefined)
/** A plain request has to have a limit from somebody: nothing can be cut off it. */
const anyLimit = fc.oneof(
  fc.record({ stream: fc.constant(true), max_tokens: fc.oneof(limit, noLimit) }),
  fc.record({ stream: fc.constant(false), max_tokens: limit }),
)

const anyTuning = fc.record({
  n: fc.integer({ min: 1, max: 3 }),
  sandbox: fc.record({
    reply_chars: fc.integer({ min: 1, max: 2_000 }),
    chunk_chars: fc.integer({ min: 1, max: 50 }),
    delay_ms: fc.integer({ min: 0, max: 2 }),
  }),
})

const anyRequest = fc.tuple(anyLimit, anyTuning).map(([one, other]) => ({ ...one, ...other }))

const anyCustomer = fc.record({
  tokens: fc.integer({ min: 20, max: 600 }),
  requests: fc.array(anyRequest, { minLength: 1, maxLength: 6 }),
})

/** One customer for each outcome: who can pay, who runs dry, and who can not begin. */
const EACH = [600, 100, 20].map((tokens): [CustomerOf] => {
  const sandbox = { reply_chars: tokens === 600 ? 40 : 2_000, chunk_chars: 4, delay_ms: 2 }
  return [{ tokens, requests: [{ stream: true, max_tokens: undefined, n: 1, sandbox }] }]
})
type CustomerOf = typeof anyCustomer extends fc.Arbitrary<infer T> ? T : never

async function run(customer: Customer, request: object): Promise<void> {
  const messages = [{ role: 'user', content: 'Say something' }]
  const response = await proxy.chat(customer.key, { model: 'sandbox-echo', messages, ...request })
  await response.text()
}

async function recordsOf({ accountId }: Customer) {
  return await proxy.sql<{ outcome: string; charged: string; uncollected: string }[]>`
    select outcome, charged, uncollected from requests where account_id = ${accountId.slice(4)}`
}

test('an upstream that honours limits and streams what it bills leaves nothing uncollected', async () => {
  const outcomes = new Set<string>()
  await fc.assert(
    fc.asyncProperty(anyCustomer, async ({ tokens, requests }) => {
      const micro = BigInt(tokens) * TOKEN
      const customer = await proxy.customer(formatCredits(micro))
      await Promise.all(requests.map((request) => run(customer, request)))
      await nothingHeld(proxy, customer)
      let charged = 0n
      for (const record of await recordsOf(customer)) {
        outcomes.add(record.outcome)
        expect(record.uncollected).toBe('0')
        charged += BigInt(record.charged)
      }
      expect(charged).toBeLessThanOrEqual(micro)
    }),
    { numRuns: 60, examples: EACH },
  )
  expect(outcomes).toEqual(new Set(['completed', 'out_of_credits', 'refused']))
})
