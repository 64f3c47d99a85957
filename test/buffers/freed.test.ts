import { once } from 'node:events'
import { createServer, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Customer,
  eventually,
  startProxy,
  type Proxy as Tollkeeper,
} from '../harness/proxy.ts'
import { openStream, says } from '../relay/upstream.ts'

const MIB = 1024 * 1024
const STREAMS = 30
const BODY = Buffer.from(
  JSON.stringify({
    model: 'any',
    stream: true,
    messages: [{ role: 'user', content: 'x'.repeat(4 * MIB) }],
  }),
)

let upstream: Server
let proxy: Tollkeeper
let customer: Customer
let running = 0

/** An upstream that keeps nothing of what it is sent, and never ends its answer. */
beforeAll(async () => {
  upstream = createServer((request, response) => {
    request.resume().once('end', () => {
      running += 1
      openStream(response).write(says('Hello'))
    })
  })
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  const { port } = upstream.address() as AddressInfo
  proxy = await startProxy({ env: { OPENAI_BASE_URL: `http://127.0.0.1:${port}` } })
  customer = await proxy.customer('100000000')
})
afterAll(async () => {
  upstream.closeAllConnections()
  await proxy.close()
  upstream.close()
})

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

function memoryUsed(): number {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

async function openOne(): Promise<() => void> {
  const call = httpRequest(`${proxy.url}/chat/completions`, {
    method: 'POST',
    agent: false,
    headers: { authorization: `Bearer ${customer.key}`, 'content-length': BODY.length },
  })
  call.on('error', () => {})
  call.end(BODY)
  const [response] = await once(call, 'response')
  await once(response, 'data')
  response.on('data', () => {}).on('error', () => {})
  return () => call.destroy()
}

test('the body of a request is not in memory while its answer streams', async () => {
  const warm = await openOne()
  const before = memoryUsed()
  const leave: (() => void)[] = []
  for (let opened = 0; opened < STREAMS; opened += 1) leave.push(await openOne())
  expect(running).toBe(STREAMS + 1)
  const bodies = STREAMS * BODY.length
  const used = await eventually(() => {
    const grown = memoryUsed() - before
    return grown < bodies / 10 ? grown : undefined
  })
  expect(used).toBeLessThan(bodies / 10)
  expect(proxy.app.buffers.taken).toBe(0)
  for (const hangUp of [warm, ...leave]) hangUp()
  await eventually(() => proxy.app.door.size === 0 || undefined)
})
