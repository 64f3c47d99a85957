import { afterAll, beforeAll, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ask, expectFailure } from './expect-failure.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
})
afterAll(() => proxy.close())

test('an event stream that answers a request without a stream is a 502', async () => {
  await expectFailure(proxy, ask('sandbox-stream-for-json', false), {
    status: 502,
    code: 'upstream_error',
    outcome: 'upstream_error',
    cause: /not a chat completion/,
  })
})
