import { afterAll, beforeAll, expect, test } from 'vitest'
import { send } from '../endpoints/run.ts'
import { KINDS, type Sent } from '../endpoints/samples.ts'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { newKey, spentBy } from './setup.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
})
afterAll(() => proxy.close())

async function sendOnce(apiKey: string, key: string, path: string, body: Sent) {
  const headers = {
    authorization: `Bearer ${apiKey}`,
    'idempotency-key': key,
    ...(body instanceof FormData ? {} : { 'content-type': 'application/json' }),
  }
  const response = await send(proxy, apiKey, path, body, { headers })
  return { response, body: Buffer.from(await response.arrayBuffer()) }
}

test.each(KINDS)('the answer of %s is made once, and the same again', async (_, sample, stream) => {
  const { key: apiKey } = await proxy.customer('1000')
  const key = newKey()
  const calls = proxy.sandbox.calls.size
  const ask = () => sendOnce(apiKey, key, sample.path, sample.ask('sandbox-echo', stream))
  const first = await ask()
  expect(first.response.status).toBe(200)
  const again = await eventually(async () => {
    const answer = await ask()
    return answer.response.status === 409 ? undefined : answer
  })
  const id = first.response.headers.get('x-request-id') as string
  expect(again.response.status).toBe(200)
  expect(again.response.headers.get('x-tollkeeper-replay-of')).toBe(id)
  expect(again.response.headers.get('content-type')).toBe(
    first.response.headers.get('content-type'),
  )
  expect(again.body.length).toBeGreaterThan(0)
  expect(again.body.equals(first.body)).toBe(true)
  expect(proxy.sandbox.calls.size - calls).toBe(1)
  const { charged } = await proxy.settled(id)
  expect(await spentBy(proxy, apiKey)).toBe(charged)
})
