import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { send } from '../endpoints/run.ts'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { bodyOf, PATHS, PUBLIC } from '../wire/arbitrary-body.ts'
import { startUpstream, type Upstream } from './upstream.ts'

/** Bodies to each endpoint. */
const BODIES = 30

let upstream: Upstream
let proxy: Tollkeeper
beforeAll(async () => {
  upstream = await startUpstream((response) => {
    response.writeHead(400, { 'content-type': 'application/json' })
    response.end('{"error":{"message":"seen"}}')
  })
  proxy = await startProxy({ env: { OPENAI_BASE_URL: upstream.origin } })
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

test.each(PATHS)('any body to %s arrives upstream byte for byte', async (path) => {
  const { key } = await proxy.customer('1000000')
  for (const { body, upstream: expected } of fc.sample(bodyOf(path, PUBLIC), BODIES)) {
    upstream.seen.length = 0
    const response = await send(proxy, key, path, body)
    expect(response.status, await response.text()).toBe(400)
    expect(upstream.seen.map((one) => one.body.toString())).toEqual([expected])
  }
})
