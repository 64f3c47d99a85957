import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts'
import { endOf, post, until } from './client.ts'

let sandbox: Sandbox
beforeEach(async () => {
  sandbox = await startSandbox()
})
afterEach(() => sandbox.close())

test('held calls wait, and the release answers all of them', async () => {
  sandbox.hold()
  const calls = Array.from({ length: 20 }, () => post(sandbox, { model: 'm', stream: true }))
  await until(() => sandbox.waiting() === 20)
  expect(sandbox.open()).toBe(20)
  expect(sandbox.calls.size).toBe(20)
  sandbox.release()
  expect(sandbox.waiting()).toBe(0)
  const texts = await Promise.all(calls.map(async (call) => (await call).text()))
  expect(texts.every((text) => text.endsWith('data: [DONE]\n\n'))).toBe(true)
  await until(() => sandbox.open() === 0)
})

test('a held call whose peer leaves waits no more', async () => {
  sandbox.hold()
  const leave = new AbortController()
  const call = fetch(`${sandbox.url}/chat/completions`, {
    method: 'POST',
    headers: { 'x-request-id': 'impatient' },
    body: '{"model":"m","messages":[]}',
    signal: leave.signal,
  })
  await until(() => sandbox.waiting() === 1)
  leave.abort()
  await expect(call).rejects.toThrow()
  expect(await endOf(sandbox, 'impatient')).toMatchObject({ closedByPeer: true, finished: false })
  expect(sandbox.waiting()).toBe(0)
  expect(sandbox.open()).toBe(0)
})

test('a call that runs when the hold begins goes on', async () => {
  const body = { model: 'm', stream: true, sandbox: { reply_chars: 40, delay_ms: 5 } }
  const response = await post(sandbox, body)
  sandbox.hold()
  expect(await response.text()).toContain('[DONE]')
})

test('one held call that is wrong does not keep the others from their answers', async () => {
  sandbox.hold()
  const wrong = post(sandbox, { model: 'm', n: 0 })
  await until(() => sandbox.waiting() === 1)
  const right = post(sandbox, { model: 'm' })
  await until(() => sandbox.waiting() === 2)
  sandbox.release()
  expect((await wrong).status).toBe(400)
  expect((await right).status).toBe(200)
})

test('closing ends calls that wait, hang and stream, and blames no peer', async () => {
  const slow = { stream: true, sandbox: { delay_ms: 60_000 } }
  const calls = [
    post(sandbox, { model: 'sandbox-hang' }),
    post(sandbox, { model: 'm', ...slow }).then((response) => response.text()),
  ].map((call) => call.catch((error: unknown) => error))
  await until(() => sandbox.open() === 2)
  sandbox.hold()
  calls.push(post(sandbox, { model: 'm' }).catch((error: unknown) => error))
  await until(() => sandbox.waiting() === 1)
  await sandbox.close()
  await sandbox.close()
  expect(await Promise.all(calls)).toEqual(Array(3).fill(expect.any(Error)))
  expect(sandbox.open()).toBe(0)
  const ends = [...sandbox.calls.values()].map(({ closedByPeer, finished }) => ({
    closedByPeer,
    finished,
  }))
  expect(ends).toEqual(Array(3).fill({ closedByPeer: false, finished: false }))
})
