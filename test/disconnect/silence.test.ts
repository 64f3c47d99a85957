import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ask } from '../idempotency/setup.ts'
import { LOOPBACK } from '../routing/setup.ts'
import { fateOf, leaveMidway, leaveUnanswered, putPolicy } from './setup.ts'

const CHAT = '/chat/completions'
/** Milliseconds of silence that are too long: the clients have left long before. */
const SILENCE_MS = '3000'

let proxy: Tollkeeper
beforeAll(async () => {
  const timeouts = {
    UPSTREAM_FIRST_BYTE_TIMEOUT_MS: SILENCE_MS,
    UPSTREAM_IDLE_TIMEOUT_MS: SILENCE_MS,
  }
  proxy = await startProxy({ env: { ...LOOPBACK, ...timeouts } })
  for (const card of ['sandbox-hang', 'sandbox-hang-midstream']) {
    await putPolicy(proxy, card, { on_disconnect: 'finish' }, card)
  }
})
afterAll(() => proxy.close())

test('an upstream that never answers is given up in its time, and costs nothing', async () => {
  const { key } = await proxy.customer('1000')
  const id = await leaveUnanswered(proxy, key, CHAT, ask('sandbox-hang', true))
  const { record } = await fateOf(proxy, id)
  expect(record).toMatchObject({ outcome: 'client_gone', status: 499, stage: 'finish' })
  expect(record).toMatchObject({ charged: '0', error: { code: 'upstream_timeout' } })
  expect(record.attempts).toMatchObject([{ status: null, error_code: 'upstream_timeout' }])
})

test('an upstream that falls silent is given up in its time, and paid for what came', async () => {
  const { key } = await proxy.customer('1000')
  const body = ask('sandbox-hang-midstream', true)
  const { record, call } = await fateOf(proxy, await leaveMidway(proxy, key, CHAT, body, '"cont'))
  expect(record).toMatchObject({ outcome: 'client_gone', status: 200, stage: 'finish' })
  expect(record.error.code).toBe('upstream_timeout')
  expect(record.completion_tokens).toBe(call.completionTokens)
  expect(Number(record.charged)).toBeGreaterThan(0)
})
