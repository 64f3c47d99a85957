import { afterAll, beforeAll, expect, test } from 'vitest'
import { creditsOf } from '../endpoints/run.ts'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ask } from '../idempotency/setup.ts'
import { LOOPBACK } from '../routing/setup.ts'
import { fateOf, leaveMidway, leaveUnanswered, putPolicy } from './setup.ts'

const CHAT = '/chat/completions'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy({ env: LOOPBACK })
})
afterAll(() => proxy.close())

/** An answer of 1,000 tokens, of one each chunk. */
const LONG = { reply_chars: 4_000, delay_ms: 5 }

/** A model whose provider is read on within these bounds. */
const finishing = (name: string, bounds: object) =>
  putPolicy(proxy, name, { on_disconnect: 'finish', ...bounds })

const TEXT = '"content":"'

test('an answer is read on for so many tokens, and then cut and paid for so far', async () => {
  const model = await finishing('few-tokens', { finish_max_tokens: 20 })
  const { key, accountId } = await proxy.customer('1000')
  const id = await leaveMidway(proxy, key, CHAT, ask(model, true, LONG), TEXT)
  const { record, call, charged } = await fateOf(proxy, id)
  expect(record).toMatchObject({ outcome: 'client_gone', stage: 'finish', error: null })
  expect(call).toMatchObject({ closedByPeer: true, finished: false })
  expect(record.completion_tokens).toBeGreaterThanOrEqual(20)
  expect(record.completion_tokens).toBeLessThan(500)
  expect(Math.abs(record.completion_tokens - call.completionTokens)).toBeLessThanOrEqual(1)
  expect(charged).toBe(Number(creditsOf(record.prompt_tokens + record.completion_tokens)))
  const { body } = await proxy.admin('GET', `/accounts/${accountId}`)
  expect(body.held).toBe('0')
})

test('an answer that is no longer than that is read to its end', async () => {
  const model = await finishing('enough-tokens', { finish_max_tokens: 1_000 })
  const { key } = await proxy.customer('1000')
  const answer = ask(model, true, { reply_chars: 400, delay_ms: 5 })
  const { record, call } = await fateOf(proxy, await leaveMidway(proxy, key, CHAT, answer, TEXT))
  expect(record).toMatchObject({ stage: 'ended', usage_source: 'reported', completion_tokens: 100 })
  expect(call.finished).toBe(true)
})

test('an answer is read on for so many seconds, and then cut and paid for so far', async () => {
  const model = await finishing('few-seconds', { finish_max_seconds: 1 })
  const { key } = await proxy.customer('1000')
  const answer = ask(model, true, { reply_chars: 4_000, delay_ms: 50 })
  const { record, call } = await fateOf(proxy, await leaveMidway(proxy, key, CHAT, answer, TEXT))
  expect(record).toMatchObject({ outcome: 'client_gone', stage: 'finish', error: null })
  expect(call.closedByPeer).toBe(true)
  expect(record.completion_tokens).toBeGreaterThan(1)
  expect(Math.abs(record.completion_tokens - call.completionTokens)).toBeLessThanOrEqual(1)
  const readOnMs = record.duration_ms - record.stages.finish
  expect(readOnMs).toBeGreaterThan(500) // a timer counts from the turn in which it is set
})

test('an answer in one piece that takes longer than that costs nothing', async () => {
  const model = await finishing('slow-whole', { finish_max_seconds: 1 })
  const { key } = await proxy.customer('1000')
  const body = ask(model, false, { head_delay_ms: 30_000 })
  const { record, call } = await fateOf(proxy, await leaveUnanswered(proxy, key, CHAT, body))
  expect(record).toMatchObject({ outcome: 'client_gone', status: 499, stage: 'finish' })
  expect(record).toMatchObject({ charged: '0', error: null })
  expect(call.closedByPeer).toBe(true)
})
