import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { readStream } from '../money/read-stream.ts'
import { recordOf, setSlice } from '../money/setup.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
  await setSlice(proxy, 64)
})
afterEach(() => proxy.sandbox.release())
afterAll(() => proxy.close())

/** 500 tokens of answer: many slices. */
const CHARS = 2_000
const BODY = {
  model: 'sandbox-echo',
  stream: true,
  messages: [{ role: 'user', content: 'Hello there' }],
  sandbox: { reply_chars: CHARS },
}

/** A stream whose key changes while it runs, before it needs more than its first slice. */
async function streamed(
  change: (keyId: string) => Promise<{ status: number }>,
  limits: object = {},
) {
  const { key, keyId } = await proxy.customer('100')
  await proxy.admin('PATCH', `/keys/${keyId}`, limits)
  proxy.sandbox.hold()
  const answering = proxy.chat(key, BODY)
  await eventually(() => proxy.sandbox.waiting() === 1)
  expect((await change(keyId)).status).toBe(200)
  proxy.sandbox.release()
  const seen = await readStream(await answering)
  return { seen, record: await recordOf(proxy, seen.requestId) }
}

const patch = (limits: object) => (keyId: string) => proxy.admin('PATCH', `/keys/${keyId}`, limits)

test.for([
  ['is revoked', (keyId: string) => proxy.admin('DELETE', `/keys/${keyId}`)],
  ['expires', patch({ expires_at: '2020-01-01T00:00:00Z' })],
  ['gets tighter limits', patch({ requests_per_minute: 1, tokens_per_minute: 1, concurrency: 1 })],
  ['loses its model', patch({ models: ['another'] })],
] as const)('a stream whose key %s takes its slices to the end', async ([, change]) => {
  const { seen, record } = await streamed(change)
  expect(seen.text).toHaveLength(CHARS)
  expect(record).toMatchObject({ outcome: 'completed', uncollected: 0n })
})

test('a spending limit that is lowered stops a stream at its next slice', async () => {
  const { seen, record } = await streamed(patch({ spend_limit: '0.01', spend_period: 'total' }))
  expect(seen.text.length).toBeLessThan(CHARS)
  expect(record).toMatchObject({ outcome: 'out_of_credits', uncollected: 0n })
  expect(record.error.code).toBe('spend_limit_reached')
})

test.for([
  ['raised', { spend_limit: '50' }],
  ['taken away', { spend_limit: null, spend_period: null }],
] as const)('a spending limit that is %s lets a stream that runs go on', async ([, limits]) => {
  const before = { spend_limit: '1', spend_period: 'total' }
  const { seen, record } = await streamed(patch(limits), before)
  expect(seen.text).toHaveLength(CHARS)
  expect(record).toMatchObject({ outcome: 'completed', uncollected: 0n })
})
