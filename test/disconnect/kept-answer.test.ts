import { afterAll, beforeAll, expect, test } from 'vitest'
import { send } from '../endpoints/run.ts'
import { KINDS } from '../endpoints/samples.ts'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { newKey, spentBy } from '../idempotency/setup.ts'
import { LOOPBACK } from '../routing/setup.ts'
import { fateOf, putPolicy, readOn } from './setup.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy({ env: LOOPBACK })
  await putPolicy(proxy, 'finish', { on_disconnect: 'finish' })
})
afterAll(() => proxy.close())

/** Everything about an answer that is not about the moment it was made. */
const bare = (text: string) => text.replace(/"(id|created|created_at|\w+_id)":("[^"]*"|\d+)/g, '')

test.each(KINDS)(
  '%s is finished for a client that left, and sent when it asks again',
  async (_, sample, stream) => {
    const { path, ask } = sample
    const { key: apiKey } = await proxy.customer('1000')
    const key = newKey()
    const body = ask('finish', stream)
    const headers = {
      authorization: `Bearer ${apiKey}`,
      ...(!(body instanceof FormData) && { 'content-type': 'application/json' }),
    }
    const again = () =>
      send(proxy, apiKey, path, body, { headers: { ...headers, 'idempotency-key': key } })
    const known = new Set(proxy.sandbox.calls.keys())
    const client = new AbortController()
    proxy.sandbox.hold()
    const init = { signal: client.signal, headers: { ...headers, 'idempotency-key': key } }
    void send(proxy, apiKey, path, body, init).catch(() => {})
    const id = await eventually(() =>
      [...proxy.sandbox.calls.keys()].find((one) => !known.has(one)),
    )
    client.abort()
    await readOn(proxy, id)
    const busy = await again()
    expect([busy.status, await busy.text()]).toEqual([409, expect.stringContaining('is running')])
    proxy.sandbox.release()
    const { record } = await fateOf(proxy, id)
    const replay = await eventually(async () => {
      const response = await again()
      return response.status === 409 ? void (await response.text()) : response
    })
    expect([replay.status, replay.headers.get('x-tollkeeper-replay-of')]).toEqual([200, id])
    const sent = Buffer.from(await replay.arrayBuffer()).toString('latin1')
    const other = await send(proxy, apiKey, path, body)
    expect(bare(sent)).toBe(bare(Buffer.from(await other.arrayBuffer()).toString('latin1')))
    expect(replay.headers.get('content-type')).toBe(other.headers.get('content-type'))
    const { charged } = await proxy.settled(other.headers.get('x-request-id') as string)
    expect(record.charged).toBe(charged)
    expect(Number(await spentBy(proxy, apiKey))).toBeCloseTo(2 * Number(charged), 6)
  },
)

test('an answer that is cut at a bound is not kept: the key runs it again', async () => {
  await putPolicy(proxy, 'cut', { on_disconnect: 'finish', finish_max_tokens: 5 })
  const { key: apiKey } = await proxy.customer('1000')
  const headers = {
    authorization: `Bearer ${apiKey}`,
    'content-type': 'application/json',
    'idempotency-key': newKey(),
  }
  const question = { model: 'cut', stream: true, messages: [{ role: 'user', content: 'Hi' }] }
  const body = { ...question, sandbox: { reply_chars: 400, delay_ms: 5 } }
  const client = new AbortController()
  const response = await proxy.chat(apiKey, body, { headers, signal: client.signal })
  const id = response.headers.get('x-request-id') as string
  client.abort()
  expect((await fateOf(proxy, id)).record).toMatchObject({ stage: 'finish' })
  const whole = await eventually(async () => {
    const again = await proxy.chat(apiKey, body, { headers })
    return again.status === 409 ? void (await again.text()) : again
  })
  expect([whole.status, whole.headers.get('x-tollkeeper-replay-of')]).toEqual([200, null])
  expect(await whole.text()).toMatch(/\[DONE\]\n\n$/)
})
