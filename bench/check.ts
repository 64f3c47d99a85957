/**
 * Checks the checker: `npm --prefix bench run check`. Serves right and wrong answers and fails
 * unless the load generator accepts all of the former and none of the latter.
 */
import { type AddressInfo, createServer } from 'node:net'
import { JSON_ANSWER, streamPayload } from './answers.ts'
import type { RunOrder } from './load/orders.ts'
import { Session } from './load/session.ts'

const REQUESTS = 4
const SHAPE = { chunks: 5, usage: true }
const stream = streamPayload(SHAPE)
const whole = `HTTP/1.1 200 OK\r\ncontent-length: ${JSON_ANSWER.length}\r\n\r\n${JSON_ANSWER}`
const chunked = framed(stream, 100)

interface Case {
  name: string
  bytes: Buffer
  streams: boolean
  right: boolean
  /** Bytes of one write; the answer arrives in pieces of this size. */
  piece?: number
  /** Closes the connection after the answer. */
  close?: boolean
}

const cases: Case[] = [
  ok('JSON', whole, false),
  ok('JSON byte by byte', whole, false, 1),
  ok('stream', chunked, true),
  ok('stream byte by byte', chunked, true, 1),
  ok('stream in one frame', framed(stream, stream.length), true),
  { ...ok('until close', `HTTP/1.1 200 OK\r\n\r\n${stream}`, true), close: true },
  {
    ...ok('connection: close', whole.replace('\r\n', '\r\nconnection: close\r\n'), false),
    close: true,
  },
  bad('status 500', whole.replace('200 OK', '500 No'), false),
  bad('one letter changed', whole.replace('quick', 'quack'), false),
  bad('empty 200', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', false),
  bad('bytes after the answer', `${whole}x`, false),
  bad('no [DONE]', framed(stream.subarray(0, stream.lastIndexOf('data:')), 100), true),
  bad('a chunk twice', framed(Buffer.concat([stream, stream.subarray(-14)]), 100), true),
  bad('a chunk missing', framed(stream.subarray(stream.indexOf('\n\n') + 2), 100), true),
  bad('frame longer than its size', chunked.replace('\r\n64\r\n', '\r\n63\r\n'), true),
  { ...bad('cut in the middle', chunked.slice(0, -400), true), close: true },
  { ...bad('no last frame', chunked.slice(0, -5), true), close: true },
  bad('never ends', chunked.slice(0, -5), true),
]

let failures = 0
for (const each of cases) {
  const { requests, errors, samples } = await serve(each)
  const passed = each.right ? requests === REQUESTS && errors === 0 : requests === 0 && errors > 0
  if (!passed) failures++
  const found = samples[0] ?? `${requests} right answers`
  process.stdout.write(`${passed ? 'ok  ' : 'FAIL'} ${each.name}: ${found.slice(0, 60)}\n`)
}
process.exit(failures > 0 ? 1 : 0)

async function serve({ bytes, streams, piece = bytes.length, close = false }: Case) {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {})
    socket.on('data', async () => {
      for (let at = 0; at < bytes.length; at += piece) {
        socket.write(bytes.subarray(at, at + piece))
        if (piece < bytes.length) await new Promise(setImmediate)
      }
      if (close) socket.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const session = new Session({ kind: 'open', port, connections: 2, keys: ['a', 'b'] })
  await session.open()
  const order: RunOrder = {
    kind: 'run',
    body: '{}',
    stream: streams ? SHAPE : null,
    durationMs: 5_000,
    perConnection: REQUESTS / 2,
    maxRequests: REQUESTS,
    rampMs: 0,
    graceMs: 0,
  }
  const result = await session.run(order)
  session.close()
  server.close()
  return result
}

function framed(payload: Buffer, size: number): string {
  let bytes = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'
  for (let at = 0; at < payload.length; at += size) {
    const part = payload.subarray(at, at + size)
    bytes += `${part.length.toString(16)}\r\n${part}\r\n`
  }
  return `${bytes}0\r\n\r\n`
}

function ok(name: string, bytes: string, streams: boolean, piece?: number): Case {
  return { name, bytes: Buffer.from(bytes), streams, right: true, ...(piece && { piece }) }
}

function bad(name: string, bytes: string, streams: boolean): Case {
  return { name, bytes: Buffer.from(bytes), streams, right: false }
}
