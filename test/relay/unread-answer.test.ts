import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { postHead } from '../bad-input/raw-request.ts'
import { MORE_THAN_KERNEL_KEEPS } from '../harness/kernel.ts'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { nothingHeld } from '../money/burst.ts'
import { answerWhole, startUpstream, type Upstream } from './upstream.ts'

const TOO_MUCH = 'x'.repeat(MORE_THAN_KERNEL_KEEPS)

let upstream: Upstream
let proxy: Tollkeeper
const sockets: Socket[] = []
beforeAll(async () => {
  upstream = await startUpstream((response) => answerWhole(response, TOO_MUCH))
  proxy = await startProxy({ env: { OPENAI_BASE_URL: upstream.origin } })
  proxy.app.server.on('connection', (socket) => sockets.push(socket))
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

/** Whether bytes wait for its client, for a minute at most. */
const isWaitedFor = ({ destroyed, writableLength, timeout }: Socket) =>
  !destroyed && writableLength > 0 && timeout === 60_000

test.for([
  ['as it came', false],
  ['as a stream', true],
] as const)(
  'a client that reads nothing of an answer in one piece, sent %s, is disconnected',
  async ([, stream]) => {
    const customer = await proxy.customer('1000000')
    const { hostname, port } = new URL(proxy.origin)
    const client = connect(Number(port), hostname).pause()
    await once(client, 'connect')
    const body = JSON.stringify({ model: 'any', stream, max_tokens: 10, messages: [] })
    const head = postHead(
      customer.key,
      'content-type: application/json',
      `content-length: ${body.length}`,
    )
    client.write(head + body)
    const socket = await eventually(() => sockets.find(isWaitedFor))
    socket.emit('timeout') // a minute in which it has read nothing
    expect(socket.destroyed).toBe(true)
    await nothingHeld(proxy, customer)
    client.destroy()
  },
)
