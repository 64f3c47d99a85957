import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { startProxy } from '../harness/proxy.ts'

test('a connection that has not sent a byte keeps no server from closing', async () => {
  const proxy = await startProxy()
  const connected = once(proxy.app.server, 'connection')
  const socket = connect(Number(new URL(proxy.origin).port), '127.0.0.1')
  await connected
  const ended = once(socket.resume(), 'close')
  await proxy.close()
  await ended
  expect(socket.bytesRead).toBe(0)
})
