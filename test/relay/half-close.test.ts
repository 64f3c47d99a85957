import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ASK_STREAM } from './client.ts'
import { openStream, opens, startUpstream, type Upstream } from './upstream.ts'

let upstream: Upstream
let proxy: Tollkeeper
beforeAll(async () => {
  upstream = await startUpstream((response) => void openStream(response).write(opens('Hello')))
  proxy = await startProxy({ env: { OPENAI_BASE_URL: upstream.origin } })
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

test('a client that closes its half of the connection has hung up', async () => {
  const { key } = await proxy.customer('100')
  const { hostname, port } = new URL(proxy.url)
  const body = JSON.stringify(ASK_STREAM)
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
  let heard = ''
  socket.setEncoding('utf8').on('data', (part) => {
    heard += part
  })
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
  await eventually(() => heard.includes('Hello') || undefined)
  socket.end()
  await eventually(() => upstream.seen[0]?.gone || undefined)
  const id = /^x-request-id: (\S+)/im.exec(heard)?.[1] as string
  expect(await proxy.settled(id)).toMatchObject({ outcome: 'client_gone', completion_tokens: 2 })
  socket.destroy()
})
