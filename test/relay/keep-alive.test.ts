import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Downstream } from '../../src/upstream/relay/downstream.ts'
import { MORE_THAN_KERNEL_KEEPS } from '../harness/kernel.ts'

const SILENCE_MS = 15_000
const COMMENT = ': keep-alive\n\n'

const TOO_MUCH = Buffer.alloc(MORE_THAN_KERNEL_KEEPS, 'x')

let server: Server
let answer: IncomingMessage
let received = ''
let down: Downstream

/** A client of an event stream whose first event has been sent. */
beforeEach(async () => {
  server = createServer((_request, response) => {
    down = new Downstream(response, () => {})
    down.head({ 'content-type': 'text/event-stream' })
    down.keepAlive()
    say('1')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const { port } = server.address() as AddressInfo
  const call = request({ port, host: '127.0.0.1' }).end()
  const [head] = await once(call, 'response')
  answer = head
  received = ''
})
afterEach(() => {
  vi.useRealTimers()
  server.closeAllConnections()
  server.close()
})

function say(what: string): void {
  down.addText(`data: ${what}\n\n`)
  down.flush()
}

/** Ends the stream, and reads all of it. */
async function whole(): Promise<string> {
  vi.useRealTimers()
  answer.on('data', (part) => {
    received += part
  })
  down.end()
  await once(answer, 'end')
  return received
}

test('a client that hears nothing for 15 s is told that its stream goes on', async () => {
  vi.advanceTimersByTime(SILENCE_MS - 1)
  say('2')
  vi.advanceTimersByTime(SILENCE_MS - 1)
  say('3')
  vi.advanceTimersByTime(2 * SILENCE_MS)
  say('4')
  const events = 'data: 1\n\ndata: 2\n\ndata: 3\n\n'
  expect(await whole()).toBe(`${events}${COMMENT}${COMMENT}data: 4\n\n`)
})

test('a client that lags is not told that its stream goes on', async () => {
  down.add(TOO_MUCH)
  down.flush()
  expect(down.full).toBe(true)
  vi.advanceTimersByTime(3 * SILENCE_MS)
  expect((await whole()).length).toBe(`data: 1\n\n`.length + TOO_MUCH.length)
})

test('a stream that is over is silent', async () => {
  expect(await whole()).toBe('data: 1\n\n')
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  vi.advanceTimersByTime(3 * SILENCE_MS)
  expect(vi.getTimerCount()).toBe(0)
})
