import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { creditsOf, run } from '../endpoints/run.ts'
import { KINDS, type Sample } from '../endpoints/samples.ts'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { LOOPBACK } from '../routing/setup.ts'
import { fateOf, leaveMidway, leaveUnanswered, putPolicy, readOn } from './setup.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy({ env: LOOPBACK })
  await putPolicy(proxy, 'cancel', { on_disconnect: 'cancel' })
  await putPolicy(proxy, 'finish', { on_disconnect: 'finish' })
})
afterAll(() => proxy.close())

/** Time enough to leave in the middle. */
const SLOW = { sandbox: { reply_chars: 80, delay_ms: 15 } }

/** So slow that nothing is on its way when a client leaves after the first piece. */
const SLOWEST = { sandbox: { reply_chars: 80, delay_ms: 1_000 } }

/** Of a chunk of text, by default. */
const CHUNK_TOKENS = 1

const tokensOf = ({ prompt_tokens: prompt, completion_tokens: completion }: any) =>
  prompt + completion

/** The answer comes in pieces, so that a client can leave in the middle of it. */
const isSlow = ({ path }: Sample, stream: boolean) => stream || path === '/audio/speech'

/** A client that stays: what it is charged is what the sandbox counted, as other tests show. */
async function stayed({ path, ask }: Sample, stream: boolean) {
  const { record, truth } = await run(proxy, path, ask('cancel', stream, SLOW))
  expect(record).toMatchObject({ outcome: 'completed', status: 200 })
  return { record, tokens: truth?.completionTokens }
}

async function expectAllFree(accountId: string, charged: number): Promise<void> {
  const { body } = await proxy.admin('GET', `/accounts/${accountId}`)
  expect(body.held).toBe('0')
  expect(Number(body.posted)).toBeCloseTo(1_000 - charged, 6)
}

describe.each(KINDS)('%s', (_, sample, stream) => {
  const { path, ask } = sample

  test('under cancel a client that leaves before the answer pays nothing', async () => {
    const { key, accountId } = await proxy.customer('1000')
    proxy.sandbox.hold()
    const id = await leaveUnanswered(proxy, key, path, ask('cancel', stream, SLOW))
    await eventually(() => proxy.sandbox.calls.get(id)?.closedByPeer || undefined)
    proxy.sandbox.release()
    const { record, call } = await fateOf(proxy, id)
    expect(record).toMatchObject({ outcome: 'client_gone', status: 499, charged: '0' })
    expect(record.stages).not.toHaveProperty('finish')
    expect(call).toMatchObject({ finished: false, completionTokens: 0 })
    await expectAllFree(accountId, 0)
  })

  test('under finish a client that leaves before the answer pays for the whole of it', async () => {
    const { key, accountId } = await proxy.customer('1000')
    const truth = await stayed(sample, stream)
    proxy.sandbox.hold()
    const id = await leaveUnanswered(proxy, key, path, ask('finish', stream, SLOW))
    await readOn(proxy, id)
    proxy.sandbox.release()
    const { record, call, charged } = await fateOf(proxy, id)
    expect(record).toMatchObject({ outcome: 'client_gone', status: 499, stage: 'ended' })
    expect(record).toMatchObject({ charged: truth.record.charged, error: null })
    expect(record.usage_source).toBe(truth.record.usage_source)
    expect(call).toMatchObject({ finished: true, completionTokens: truth.tokens })
    const isReported = record.usage_source === 'reported'
    if (isReported) expect(tokensOf(record)).toBe(call.promptTokens + call.completionTokens)
    await expectAllFree(accountId, charged)
  })

  if (!isSlow(sample, stream)) return // it has no middle

  test('under cancel a client that leaves in the middle pays for what came', async () => {
    const { key, accountId } = await proxy.customer('1000')
    const id = await leaveMidway(proxy, key, path, ask('cancel', stream, SLOWEST))
    const { record, call, charged } = await fateOf(proxy, id)
    expect(record).toMatchObject({ outcome: 'client_gone', status: 200, stage: 'answer' })
    expect(call).toMatchObject({ finished: false, closedByPeer: true })
    const unseen = path === '/audio/speech' ? call.completionTokens : 0 // sold by the character
    const beyond = record.completion_tokens - call.completionTokens + unseen
    expect(Math.abs(beyond)).toBeLessThanOrEqual(CHUNK_TOKENS)
    expect(charged).toBeCloseTo(Number(creditsOf(tokensOf(record))), 6)
    await expectAllFree(accountId, charged)
  })

  test('under finish a client that leaves in the middle pays for the whole answer', async () => {
    const { key, accountId } = await proxy.customer('1000')
    const truth = await stayed(sample, stream)
    const id = await leaveMidway(proxy, key, path, ask('finish', stream, SLOW))
    const { record, call, charged } = await fateOf(proxy, id)
    expect(record).toMatchObject({ outcome: 'client_gone', status: 200, stage: 'ended' })
    expect(record).toMatchObject({ charged: truth.record.charged, error: null })
    expect(call).toMatchObject({ finished: true, completionTokens: truth.tokens })
    await expectAllFree(accountId, charged)
  })
})
