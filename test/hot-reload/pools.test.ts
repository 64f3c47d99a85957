import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts'
import { UpstreamCall } from '../../src/upstream/call.ts'
import { AddressGuard } from '../../src/upstream/connect/address-guard.ts'
import { UpstreamPools } from '../../src/upstream/connect/pools.ts'
import { Proxies } from '../../src/upstream/connect/proxies.ts'
import { upstreamTarget } from '../../src/upstream/target.ts'
import { eventually } from '../harness/proxy.ts'
import { DONE, openStream, says, startUpstream } from '../relay/upstream.ts'

/** Milliseconds without a request after which a pool is closed, here. */
const IDLE_MS = 100

let sandbox: Sandbox
const timeouts = { connectMs: 1_000, firstByteMs: 10_000, idleMs: 10_000 }
const proxies = new Proxies({ http: null, https: null, direct: [] })
const pools = new UpstreamPools(timeouts, new AddressGuard([]), proxies, IDLE_MS)
beforeAll(async () => {
  sandbox = await startSandbox()
})
afterAll(async () => {
  await pools.close()
  await sandbox.close()
})

test('pools that nobody uses any more are closed, one with a running stream when that is over', async () => {
  let finish = () => {}
  const upstream = await startUpstream((response) => {
    openStream(response).write(says('Hello'))
    finish = () => response.end(DONE)
  })
  const target = upstreamTarget('p', new URL(upstream.origin), null, 'env')
  const ended = Promise.withResolvers<string>()
  let read = ''
  const call = new UpstreamCall({
    head: () => {},
    data: (chunk) => {
      read += chunk.toString()
    },
    end: () => ended.resolve(read),
    failed: ended.reject,
  })
  const body = { model: 'any', stream: true, messages: [] }
  const headers = { 'content-type': 'application/json' }
  call.start(pools.of(target), target.pathOf('/chat/completions'), headers, JSON.stringify(body))

  for (let port = 30_000; port < 30_300; port += 1) {
    pools.of(upstreamTarget('p', new URL(`http://192.0.2.1:${port}/v1`), null, 'database'))
  }
  expect(pools.size).toBe(301)
  await eventually(() => pools.size === 1 || undefined)
  await eventually(() => read.includes('Hello') || undefined)
  finish()
  expect(await ended.promise).toContain('[DONE]')
  await eventually(() => pools.size === 0 || undefined)
  await upstream.close()
})

test('a pool that was closed is made again when it is needed', async () => {
  const target = upstreamTarget('p', new URL(sandbox.url), null, 'env')
  for (let at = 0; at < 2; at += 1) {
    const { statusCode } = await pools.of(target).request({
      method: 'GET',
      path: target.pathOf('/models'),
    })
    expect(statusCode).toBe(200)
    await eventually(() => pools.size === 0 || undefined)
  }
})
