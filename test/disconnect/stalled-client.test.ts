import { request } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ask } from '../idempotency/setup.ts'
import { LOOPBACK } from '../routing/setup.ts'
import { fateOf, putPolicy } from './setup.ts'

/** In chunks of 16, 57 MB: more than fits between a client that does not read and its upstream. */
const REPLY_CHARS = 4_000_000

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy({ env: LOOPBACK })
  const policy = { on_disconnect: 'finish', finish_max_tokens: REPLY_CHARS } as const
  await putPolicy(proxy, 'finish', policy)
})
afterAll(() => proxy.close())

test('an upstream that waits for its client is read on when that client has gone', async () => {
  const { key } = await proxy.customer('1000000')
  const call = request(`${proxy.url}/chat/completions`, {
    method: 'POST',
    agent: false,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  })
  call.on('error', () => {})
  call.on('response', (response) => response.on('error', () => {})) // and reads nothing of it
  call.end(JSON.stringify(ask('finish', true, { reply_chars: REPLY_CHARS, chunk_chars: 16 })))
  const [id, truth] = await eventually(() => [...proxy.sandbox.calls][0])
  const isStill = async () => {
    const before = truth.chunks
    await new Promise((resolve) => setTimeout(resolve, 300))
    return (before > 0 && before === truth.chunks) || undefined
  }
  await eventually(isStill)
  expect(truth.endedAt).toBe(null)
  call.destroy()
  const { record } = await fateOf(proxy, id)
  expect(record).toMatchObject({ outcome: 'client_gone', stage: 'ended', usage_source: 'reported' })
  expect(record.completion_tokens).toBe(REPLY_CHARS / 4)
  expect(truth.finished).toBe(true)
})
