import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
})
afterAll(() => proxy.close())

/** Waits until so many bodies are being read. */
const reading = (count: number) =>
  eventually(() => proxy.logs.filter((line) => line.stage === 'body').length === count || undefined)

/** Sends a request whose body is on its way. */
function begin(key: string, framing: string): { socket: Socket; answer: Promise<string> } {
  const { hostname, port } = new URL(proxy.url)
  const socket = connect(Number(port), hostname).on('error', () => {})
  const head = ['POST /v1/messages HTTP/1.1', 'host: x', `authorization: Bearer ${key}`, framing]
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  let text = ''
  socket.on('data', (piece) => {
    text += piece
  })
  return { socket, answer: once(socket, 'close').then(() => text) }
}

/** Checks that an answer of Anthropic's API and the record of its request tell the same. */
async function expectOnRecord(answer: string, status: number, code: string): Promise<void> {
  const id = /\r\nrequest-id: (\S+)/i.exec(answer)?.[1] as string
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  expect(answer).toMatch(/\r\nconnection: close\r\n/i)
  expect(answer).toContain(`"request_id":"${id}"`)
  const told = { status, outcome: 'refused', error: { code } }
  expect(await proxy.settled(id)).toMatchObject({ ...told, stage: 'body' })
  expect(await proxy.logOf(id)).toMatchObject(told)
}

test('a body that takes too long, or breaks off, fails its request under its id', async () => {
  const { key } = await proxy.customer('1')
  const slow = begin(key, 'content-length: 1000')
  await reading(1)
  const { server } = proxy.app
  const { headersTimeout, requestTimeout } = server
  Object.assign(server, { headersTimeout: 1, requestTimeout: 1 })
  const late = await slow.answer
  Object.assign(server, { headersTimeout, requestTimeout })
  await expectOnRecord(late, 408, 'request_timeout')

  const broken = begin(key, 'transfer-encoding: chunked')
  await reading(2)
  broken.socket.write('no size of a chunk\r\n')
  await expectOnRecord(await broken.answer, 400, 'bad_http')
})
