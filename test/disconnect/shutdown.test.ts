import { afterEach, beforeEach, expect, test } from 'vitest'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ask } from '../idempotency/setup.ts'
import { DONE, openStream, opens, says, startUpstream } from '../relay/upstream.ts'
import { LOOPBACK } from '../routing/setup.ts'
import { fateOf, leaveMidway, putPolicy, readOn } from './setup.ts'

const CHAT = '/chat/completions'

let proxy: Tollkeeper
beforeEach(async () => {
  proxy = await startProxy({ env: LOOPBACK })
  await putPolicy(proxy, 'finish', { on_disconnect: 'finish' })
})
afterEach(() => proxy.close())

/** An answer of 50 tokens whose client has left. */
async function leaveOne(delayMs: number): Promise<string> {
  const { key } = await proxy.customer('1000')
  const body = ask('finish', true, { reply_chars: 200, delay_ms: delayMs })
  const id = await leaveMidway(proxy, key, CHAT, body, '"content":"')
  await readOn(proxy, id)
  return id
}

test('a shutdown waits for an answer that is read on', async () => {
  const id = await leaveOne(20)
  await proxy.app.drain(30_000)
  expect(proxy.app.door.size).toBe(0)
  expect((await fateOf(proxy, id)).record).toMatchObject({
    outcome: 'client_gone',
    stage: 'ended',
    completion_tokens: 50,
  })
})

test('a shutdown that has waited enough ends an answer that is read on', async () => {
  const id = await leaveOne(30_000)
  await proxy.app.drain(50)
  const { record, call } = await fateOf(proxy, id)
  expect(record).toMatchObject({ outcome: 'client_gone', stage: 'finish' })
  expect(record.error.code).toBe('shutting_down')
  expect(record.completion_tokens).toBe(call.completionTokens)
  expect(call.closedByPeer).toBe(true)
})

test('an answer that is read on is a running request: it is held, metered and counted', async () => {
  await proxy.admin('PUT', '/tiers/single', { concurrency: 1 })
  await eventually(() => proxy.app.database.catalogue().tiers.has('single') || undefined)
  const { key } = await proxy.customer('1000', { tier: 'single' })
  let end = () => {}
  const upstream = await startUpstream((response) => {
    openStream(response).write(opens('x'.repeat(100)))
    end = () => void response.end(says('', 'stop') + DONE)
  })
  const model = await putPolicy(proxy, 'any', { on_disconnect: 'finish' }, 'any', upstream.origin)
  const body = ask(model, true)
  const id = await leaveMidway(proxy, key, CHAT, body, '"content":"')
  await readOn(proxy, id)
  const meteredAt = async () => {
    const { body: running } = await proxy.admin('GET', `/requests/${id}`)
    return running.state === 'running' && Number(running.metered) > 0.2 ? running : undefined
  }
  expect(await eventually(meteredAt)).toMatchObject({ id, state: 'running' })
  const other = await proxy.chat(key, ask('finish'))
  expect(other.status).toBe(429)
  expect(await other.text()).toContain('concurrency_limit_exceeded')
  const receipt = async () => {
    const headers = { authorization: `Bearer ${key}` }
    const response = await fetch(`${proxy.url}/generation?id=${id}`, { headers })
    return ((await response.json()) as any).data
  }
  expect(await receipt()).toMatchObject({ state: 'running' })
  end()
  await proxy.settled(id)
  await upstream.close()
  expect(await receipt()).toMatchObject({ outcome: 'client_gone', finished: true, error: null })
})
