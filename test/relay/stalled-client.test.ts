import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Downstream } from '../../src/upstream/relay/downstream.ts'
import { MORE_THAN_KERNEL_KEEPS } from '../harness/kernel.ts'
import { eventually } from '../harness/proxy.ts'

const MINUTE_MS = 60_000

const TOO_MUCH = Buffer.alloc(MORE_THAN_KERNEL_KEEPS, 'x')

let server: Server
let writable = 0
let response: ServerResponse
let answer: IncomingMessage
let down: Downstream

/** A client that has the head of a stream and reads nothing of its body. */
beforeEach(async () => {
  server = createServer((_request, one) => {
    response = one
    writable = 0
    down = new Downstream(one, () => {
      writable += 1
    })
    down.head({ 'content-type': 'text/event-stream' })
    down.addText(': begin\n\n')
    down.flush()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const call = request({ port, host: '127.0.0.1' }).end()
  const [received] = await once(call, 'response')
  answer = received
  answer.on('error', () => {}) // being cut off is what some of these tests are about
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

function write(bytes: Buffer): void {
  down.add(bytes)
  down.flush()
}

/** The server's end of the connection; its milliseconds without a byte, none is for ever. */
const socketOf = ({ socket }: ServerResponse) => socket as Socket & { timeout?: number }

test('a client that reads nothing for a minute while bytes wait for it is disconnected', () => {
  write(TOO_MUCH)
  expect(down.full).toBe(true)
  const socket = socketOf(response)
  expect(socket.timeout).toBe(MINUTE_MS)
  socket.emit('timeout') // a minute in which it has read nothing
  expect(response.destroyed).toBe(true)
})

test('a client that does not read the end of its stream is disconnected', () => {
  down.add(TOO_MUCH)
  down.end()
  const socket = socketOf(response)
  expect(socket.timeout).toBe(MINUTE_MS)
  socket.emit('timeout')
  expect(response.destroyed).toBe(true)
})

test('a client that reads again in time is not, and the upstream is read on', async () => {
  write(TOO_MUCH)
  answer.resume()
  await eventually(() => writable === 1 || undefined)
  expect(down.full).toBe(false)
  expect(socketOf(response).timeout).toBe(0)
  down.end()
  await once(response, 'close')
  expect(response.writableFinished).toBe(true)
})

test('a client that takes longer than that for one event, but reads, is not', async () => {
  write(TOO_MUCH)
  const windowMs = 2_000
  response.setTimeout(windowMs)
  const until = performance.now() + 2.5 * windowMs
  while (performance.now() < until) {
    answer.read()
    await delay(20)
  }
  expect(down.full).toBe(true)
  expect(response.destroyed).toBe(false)
  await once(response, 'close') // it reads no more
})

test('a client that waits for slow events is not disconnected', () => {
  write(Buffer.from('data: 1\n\n'))
  expect(down.full).toBe(false)
  expect(socketOf(response).timeout).toBeFalsy()
})

test('a client that stalls many times costs no more than one that stalls once', async () => {
  answer.resume()
  const listeners = () => response.listenerCount('close') + response.listenerCount('drain')
  const before = listeners()
  for (let stall = 1; stall <= 20; stall += 1) {
    write(TOO_MUCH)
    await eventually(() => writable === stall || undefined)
  }
  expect(listeners()).toBe(before)
})
