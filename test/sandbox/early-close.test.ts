import { connect } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { startSandbox } from '../../src/sandbox/index.ts'
import { endOf, readSome, until } from './client.ts'

const sandbox = await startSandbox()
afterAll(() => sandbox.close())

const ENDLESS = { model: 'm', stream: true, sandbox: { reply_chars: 4_000_000 } }

test('a peer that leaves a slow stream ends it, counted up to the close', async () => {
  const slow = { ...ENDLESS, sandbox: { reply_chars: 4_000, delay_ms: 5 } }
  const peer = await readSome(sandbox, slow, 'slow', 1_000)
  peer.leave()
  const call = await endOf(sandbox, 'slow')
  expect(call).toMatchObject({ closedByPeer: true, finished: false })
  expect(call.chunks).toBeGreaterThanOrEqual(3)
  expect(call.chunks).toBeLessThan(1_000)
  expect(call.completionTokens).toBe(call.chunks)
  expect(sandbox.open()).toBe(0)
})

test('nothing is written after the close', async () => {
  const peer = await readSome(sandbox, ENDLESS, 'fast', 1_000)
  peer.leave()
  const { chunks } = await endOf(sandbox, 'fast')
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(sandbox.calls.get('fast')?.chunks).toBe(chunks)
})

test('a reader that stops reading stops the writer', async () => {
  const peer = await readSome(sandbox, ENDLESS, 'stalled', 1_000)
  const call = sandbox.calls.get('stalled')
  let before = -1
  await until(() => {
    const still = call?.chunks === before
    before = call?.chunks ?? 0
    return still
  })
  expect(call?.endedAt).toBeNull()
  expect(call?.chunks).toBeLessThan(1_000_000)
  peer.leave()
  expect(await endOf(sandbox, 'stalled')).toMatchObject({ closedByPeer: true, finished: false })
})

/** As JSON it is 6 bytes. */
const CONTROL_CHARACTER = '\u0001'

test('a peer that leaves within a long whole answer did not get it', async () => {
  // 24 MB, which is more than sockets that are not read take in
  const messages = [{ role: 'user', content: CONTROL_CHARACTER }]
  const whole = { ...ENDLESS, stream: false, messages }
  const peer = await readSome(sandbox, whole, 'whole', 1)
  expect(sandbox.calls.get('whole')?.finished).toBe(false)
  peer.leave()
  expect(await endOf(sandbox, 'whole')).toMatchObject({
    closedByPeer: true,
    finished: false,
    completionTokens: 1_000_000,
  })
})

test('a peer that leaves before a delayed answer gets no token', async () => {
  const leave = new AbortController()
  const call = fetch(`${sandbox.url}/chat/completions`, {
    method: 'POST',
    headers: { 'x-request-id': 'delayed' },
    body: '{"model":"m","messages":[],"sandbox":{"head_delay_ms":60000}}',
    signal: leave.signal,
  })
  await until(() => sandbox.open() === 1)
  leave.abort()
  await expect(call).rejects.toThrow()
  expect(await endOf(sandbox, 'delayed')).toMatchObject({ closedByPeer: true, completionTokens: 0 })
})

test('pipelined calls all end with their connection', async () => {
  const body = '{"model":"sandbox-hang","messages":[]}'
  const head = 'POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n'
  const call = `${head}content-length: ${body.length}\r\n\r\n${body}`
  const socket = connect(Number(new URL(sandbox.url).port), '127.0.0.1')
  socket.write(call.repeat(3))
  await until(() => sandbox.open() === 3)
  socket.destroy()
  await until(() => sandbox.open() === 0)
  const last = [...sandbox.calls.values()].slice(-3)
  expect(last.every((entry) => entry.closedByPeer && entry.endedAt !== null)).toBe(true)
})
