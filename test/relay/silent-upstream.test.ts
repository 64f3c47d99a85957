import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Customer,
  eventually,
  startProxy,
  type Proxy as Tollkeeper,
} from '../harness/proxy.ts'
import { ASK_STREAM, watch } from './client.ts'
import { DONE, openStream, opens, says, startUpstream, type Upstream } from './upstream.ts'

/** Seconds in which the comment that comes after 15 has come. */
const ENOUGH_S = 40

let answer: ServerResponse
let upstream: Upstream
let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  upstream = await startUpstream((response) => {
    answer = response
    openStream(response).write(opens('Hello'))
  })
  proxy = await startProxy({ env: { OPENAI_BASE_URL: upstream.origin } })
  customer = await proxy.customer('1000')
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

test('a stream whose upstream falls silent after its first event is kept alive', async () => {
  const client = watch(proxy, customer.key, ASK_STREAM)
  await eventually(() => client.body().endsWith(': keep-alive\n\n') || undefined, ENOUGH_S)
  answer.end(says('', 'stop') + DONE)
  await client.end()
  const said = client.body().replaceAll(': keep-alive\n\n', '')
  expect(said).toBe(opens('Hello') + says('', 'stop') + DONE)
}, 60_000)
