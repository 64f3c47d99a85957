import { once } from 'node:events'
import { request } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MORE_THAN_KERNEL_KEEPS } from '../harness/kernel.ts'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ASK_STREAM } from '../relay/client.ts'
import {
  CHUNK,
  DONE,
  event,
  openStream,
  opens,
  says,
  startUpstream,
  type Upstream,
  USAGE,
  USAGE_EVENT,
} from '../relay/upstream.ts'
import { LOOPBACK } from '../routing/setup.ts'
import { putPolicy } from './setup.ts'

const PADDING = 'x'.repeat(64 * 1024)
/** An event with much that is passed on and nothing that is charged. */
const PADDED = event({ ...CHUNK, choices: [], obfuscation: PADDING })
/** More than fits between a client that does not read and its upstream: on two connections. */
const EVENTS = Math.ceil((2.5 * MORE_THAN_KERNEL_KEEPS) / PADDING.length)

let upstream: Upstream
let proxy: Tollkeeper
let written = 0
beforeAll(async () => {
  upstream = await startUpstream(async (response) => {
    openStream(response).write(opens('Hello'))
    for (written = 0; written < EVENTS; written += 1) {
      if (!response.write(PADDED)) await once(response, 'drain')
    }
    response.end(says('', 'stop') + USAGE_EVENT + DONE)
  })
  proxy = await startProxy({ env: LOOPBACK })
  await putPolicy(proxy, 'any', { on_disconnect: 'finish' }, 'any', upstream.origin)
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

test('an upstream that waits for its client is read on when that client has gone', async () => {
  const { key } = await proxy.customer('1000')
  const call = request(`${proxy.url}/chat/completions`, {
    method: 'POST',
    agent: false,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  })
  call.on('error', () => {})
  call.on('response', (response) => response.on('error', () => {})) // and reads nothing of it
  call.end(JSON.stringify(ASK_STREAM))
  const isStill = async () => {
    const before = written
    await new Promise((resolve) => setTimeout(resolve, 300))
    return (before > 0 && before === written) || undefined
  }
  await eventually(isStill)
  expect(written).toBeLessThan(EVENTS)
  call.destroy()
  const id = upstream.seen[0]?.headers['x-request-id'] as string
  expect(await proxy.settled(id)).toMatchObject({
    ...{ outcome: 'client_gone', stage: 'ended', usage_source: 'reported' },
    completion_tokens: USAGE.completion_tokens,
  })
  expect(written).toBe(EVENTS)
  expect(upstream.seen[0]?.gone).toBe(false)
})
