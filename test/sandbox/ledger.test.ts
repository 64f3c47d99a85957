import { afterEach, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts'
import { endOf, post, postStream } from './client.ts'

let sandbox: Sandbox
afterEach(() => sandbox.close())

test('a call is entered with what it was sent', async () => {
  sandbox = await startSandbox()
  const headers = { 'x-request-id': 'r1', authorization: 'Bearer k', 'x-more': 'yes' }
  await post(sandbox, { model: 'm', user: 'u', seed: 1, x: { y: [1] } }, headers)
  const call = await endOf(sandbox, 'r1')
  const expected = { requestId: 'r1', authorization: 'Bearer k', model: 'm', user: 'u' }
  expect(call).toMatchObject(expected)
  expect(call.headers['x-more']).toBe('yes')
  expect(JSON.parse(call.body)).toMatchObject({ model: 'm', seed: 1, x: { y: [1] } })
  expect(call.endedAt).toBeGreaterThanOrEqual(call.startedAt)
})

test('the oldest entries are dropped', async () => {
  sandbox = await startSandbox({ ledgerMax: 3 })
  for (let call = 1; call <= 8; call++) {
    await post(sandbox, { model: 'm' }, { 'x-request-id': `r${call}` })
  }
  expect([...sandbox.calls.keys()]).toEqual(['r6', 'r7', 'r8'])
})

test('a repeated request id hides no call', async () => {
  sandbox = await startSandbox({ ledgerMax: 3 })
  for (const model of ['a', 'b', 'c', 'd']) {
    await post(sandbox, { model }, { 'x-request-id': 'same' })
  }
  await endOf(sandbox, 'same#4')
  const entries = [...sandbox.calls].map(([id, call]) => [id, call.requestId, call.model])
  expect(entries).toEqual([
    ['same#2', 'same', 'b'],
    ['same#3', 'same', 'c'],
    ['same#4', 'same', 'd'],
  ])
})

test('a call without an id gets one', async () => {
  sandbox = await startSandbox()
  await postStream(sandbox, { model: 'm' })
  expect([...sandbox.calls].map(([id, call]) => [id, call.requestId])).toEqual([['call-1', null]])
})

test('a cleared ledger is empty and goes on', async () => {
  sandbox = await startSandbox({ ledgerMax: 2 })
  for (const id of ['a', 'b', 'c']) await post(sandbox, { model: 'm' }, { 'x-request-id': id })
  sandbox.clear()
  expect(sandbox.calls.size).toBe(0)
  for (const id of ['d', 'e', 'f']) await post(sandbox, { model: 'm' }, { 'x-request-id': id })
  expect([...sandbox.calls.keys()]).toEqual(['e', 'f'])
})

test('bodies are not kept when not wanted', async () => {
  sandbox = await startSandbox({ keepBodies: false })
  await post(sandbox, { model: 'm' }, { 'x-request-id': 'a' })
  expect(sandbox.calls.get('a')).toMatchObject({ body: '', promptTokens: 3 })
})

test('kept bodies are bounded, one by one and together, while counts are not', async () => {
  sandbox = await startSandbox()
  const messages = [{ role: 'user', content: 'x'.repeat(1_200_000) }]
  for (let call = 0; call < 70; call++) {
    await post(sandbox, { model: 'm', messages, max_tokens: 1 }, { 'x-request-id': `r${call}` })
  }
  const calls = [...sandbox.calls.values()]
  expect(calls.map((call) => call.body.length)).toEqual([
    ...Array(6).fill(0),
    ...Array(64).fill(1_048_576),
  ])
  expect(calls.every((call) => call.promptTokens === 300_000)).toBe(true)
})

test('a ledger without room is refused', async () => {
  await expect(startSandbox({ ledgerMax: 0 })).rejects.toThrow('ledgerMax')
})
