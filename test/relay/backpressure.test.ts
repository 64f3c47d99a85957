import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MORE_THAN_KERNEL_KEEPS } from '../harness/kernel.ts'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ASK_STREAM } from './client.ts'
import {
  CHUNK,
  DONE,
  event,
  openStream,
  opens,
  says,
  startUpstream,
  type Upstream,
} from './upstream.ts'

const MIB = 1024 * 1024
const PADDING_BYTES = 64 * 1024
const PADDING = 'x'.repeat(PADDING_BYTES)

/** What the kernel keeps of two connections, and some: far below what the upstream has to say. */
const ACCEPTED_MAX = 2 * MORE_THAN_KERNEL_KEEPS + 16 * MIB
const EVENTS = Math.ceil((1.3 * ACCEPTED_MAX) / PADDING_BYTES)

/** An event with much that is passed on and nothing that is charged. */
const padded = (n: number) => event({ ...CHUNK, choices: [], n, obfuscation: PADDING })
const END = opens('') + says('', 'stop') + DONE

let upstream: Upstream
let proxy: Tollkeeper
let accepted = 0
const sockets = new Set<Socket>()

beforeAll(async () => {
  upstream = await startUpstream(async (response) => {
    openStream(response)
    for (let n = 0; n < EVENTS; n += 1) {
      const text = padded(n)
      accepted += text.length
      if (!response.write(text)) await once(response, 'drain')
    }
    response.end(END)
  })
  proxy = await startProxy({ env: { OPENAI_BASE_URL: upstream.origin } })
  proxy.app.server.on('connection', (socket) => sockets.add(socket))
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

/** Waits until the upstream can not get rid of more. */
async function untilStalled(): Promise<void> {
  let before = -1
  let unchanged = 0
  await eventually(async () => {
    await new Promise((resolve) => setTimeout(resolve, 50))
    unchanged = accepted === before ? unchanged + 1 : 0
    before = accepted
    return unchanged >= 10 || undefined
  })
}

test('a client that does not read stops the reading of the upstream, and misses nothing', async () => {
  const { key } = await proxy.customer('1000')
  const call = request(`${proxy.url}/chat/completions`, {
    method: 'POST',
    agent: false,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  })
  call.end(JSON.stringify(ASK_STREAM))
  const [response] = await once(call, 'response')
  response.pause()

  await untilStalled()
  expect(accepted).toBeGreaterThan(0)
  expect(accepted).toBeLessThan(ACCEPTED_MAX)
  for (const socket of sockets) expect(socket.writableLength).toBeLessThan(MIB)

  const received = createHash('sha256')
  response.on('data', (part: Buffer) => received.update(part))
  response.resume()
  await once(response, 'end')
  const expected = createHash('sha256')
  for (let n = 0; n < EVENTS; n += 1) expected.update(padded(n))
  expect(received.digest('hex')).toBe(expected.update(END).digest('hex'))
})
