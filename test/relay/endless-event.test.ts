import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ASK_STREAM, watch } from './client.ts'
import { openStream, opens, startUpstream, type Upstream } from './upstream.ts'

/** More than an event may have. */
const EVENT_BYTES = 17 * 1024 * 1024

let upstream: Upstream
let proxy: Tollkeeper
beforeAll(async () => {
  upstream = await startUpstream((response) => {
    openStream(response).write(opens('Hello'))
    response.write(`data: {"x":"${'x'.repeat(EVENT_BYTES)}`)
  })
  proxy = await startProxy({ env: { OPENAI_BASE_URL: upstream.origin } })
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

test('an event that is larger than any may be ends its stream with an error', async () => {
  const { key } = await proxy.customer('100')
  const client = watch(proxy, key, ASK_STREAM)
  await client.end()
  const [first, last, ...rest] = client.body().split(/(?<=\n\n)/)
  expect(first).toBe(opens('Hello'))
  expect(JSON.parse(last?.replace('data: ', '') ?? '').error.code).toBe('upstream_error')
  expect(rest).toEqual([])
  await eventually(() => upstream.seen[0]?.gone || undefined)
  const id = client.head()?.headers['x-request-id'] as string
  expect(await proxy.settled(id)).toMatchObject({
    outcome: 'upstream_broken',
    completion_tokens: 2,
  })
})
