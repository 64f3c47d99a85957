import { afterAll, expect, test } from 'vitest'
import { startSandbox } from '../../src/sandbox/index.ts'
import { chunksOf, contentOf, endOf, post, postStream, readSome, until } from './client.ts'

const sandbox = await startSandbox()
afterAll(() => sandbox.close())

test('an error can be the first event', async () => {
  const text = await postStream(sandbox, { model: 'sandbox-error-first' })
  expect(text).toMatch(/^data: \{"error":\{[^\n]*\n\n$/)
})

test.each(['sandbox-error-midstream', 'sandbox-error-choices'])(
  '%s sends 3 chunks, the error and nothing else',
  async (model) => {
    const text = await postStream(sandbox, { model })
    const chunks = chunksOf(text)
    expect(contentOf(chunks)).toBe('Hello, world')
    expect(chunks.at(-1)?.error?.message).toBeTypeOf('string')
    expect(chunks.at(-1)).toHaveProperty('error')
    expect('choices' in (chunks.at(-1) ?? {})).toBe(model === 'sandbox-error-choices')
    expect(text).not.toContain('[DONE]')
  },
)

test('an error can be an SSE field of its own', async () => {
  const text = await postStream(sandbox, { model: 'sandbox-error-field' })
  expect(text).toMatch(/\n\nerror: \{"error":[^\n]*\n\n$/)
})

test('an event can be garbage', async () => {
  const text = await postStream(sandbox, { model: 'sandbox-garbage-midstream' })
  const [last, ...events] = text.trimEnd().split('\n\n').reverse()
  expect(contentOf(chunksOf(events.reverse().join('\n\n')))).toBe('Hello, world')
  expect(() => JSON.parse(last?.replace('data: ', '') as string)).toThrow(SyntaxError)
})

test('a cut stream breaks the connection after the chunks it wrote', async () => {
  const body = { model: 'sandbox-cut-midstream', stream: true, sandbox: { at_chunk: 5 } }
  const response = await post(sandbox, body, { 'x-request-id': 'cut' })
  await expect(response.text()).rejects.toThrow('terminated')
  expect(await endOf(sandbox, 'cut')).toMatchObject({
    chunks: 5,
    completionTokens: 5,
    finished: false,
    closedByPeer: false,
  })
})

test('a whole answer is cut in half', async () => {
  const response = await post(sandbox, { model: 'sandbox-cut-midstream' })
  await expect(response.text()).rejects.toThrow('terminated')
})

test('an end without finish is clean and says nothing', async () => {
  const text = await postStream(sandbox, { model: 'sandbox-end-without-finish' })
  expect(contentOf(chunksOf(text))).toBe('Hello, world')
  expect(text).not.toMatch(/"stop"|\[DONE\]/)
  const whole = await post(sandbox, { model: 'sandbox-end-without-finish' })
  await expect(whole.json()).rejects.toThrow(SyntaxError)
})

test.each(['sandbox-error-first', 'sandbox-error-midstream'])(
  '%s is a 500 to who did not ask for a stream',
  async (model) => {
    const response = await post(sandbox, { model })
    expect(response.status).toBe(500)
    expect(await response.json()).toMatchObject({ error: { type: 'server_error' } })
  },
)

test.each([
  ['sandbox-no-done', /"finish_reason":"stop"\}\]\}\n\n$/],
  ['sandbox-unended-done', /\n\ndata: \[DONE\]$/],
  ['sandbox-after-done', /\n\ndata: \[DONE\]\n\ndata: \{"late":true\}\n\n$/],
])('%s ends in its own way', async (model, end) => {
  expect(await postStream(sandbox, { model })).toMatch(end)
})

test.each([
  ['sandbox-hang-midstream', 3],
  ['sandbox-hang-after-done', 3],
])('%s stays open until the peer leaves', async (model, chunks) => {
  const peer = await readSome(sandbox, { model, stream: true }, model, 200 * chunks)
  await until(() => sandbox.calls.get(model)?.chunks === chunks)
  expect(sandbox.open()).toBe(1)
  peer.leave()
  expect(await endOf(sandbox, model)).toMatchObject({ chunks, closedByPeer: true })
  expect(sandbox.open()).toBe(0)
})

test('a hanging call is accepted and gets no answer', async () => {
  const leave = new AbortController()
  const call = fetch(`${sandbox.url}/chat/completions`, {
    method: 'POST',
    headers: { 'x-request-id': 'hang' },
    body: '{"model":"sandbox-hang","messages":[]}',
    signal: leave.signal,
  })
  await until(() => sandbox.calls.get('hang')?.model === 'sandbox-hang')
  leave.abort()
  await expect(call).rejects.toThrow()
  expect(await endOf(sandbox, 'hang')).toMatchObject({ closedByPeer: true, chunks: 0 })
})
