import { afterAll, expect, test } from 'vitest'
import { startSandbox } from '../../src/sandbox/index.ts'
import { chunksOf, post, postStream } from './client.ts'

const sandbox = await startSandbox()
afterAll(() => sandbox.close())

test('a stream is a role, the content, a finish reason and [DONE]', async () => {
  const response = await post(sandbox, { model: 'm', stream: true })
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  expect(response.headers.get('x-request-id')).toMatch(/^req_/)
  const text = await response.text()
  const chunks = chunksOf(text)
  expect(chunks.map((chunk) => chunk.choices?.[0]?.delta)).toEqual([
    { role: 'assistant', content: '' },
    { content: 'Hell' },
    { content: 'o, w' },
    { content: 'orld' },
    {},
  ])
  expect(chunks.at(-1)?.choices?.[0]?.finish_reason).toBe('stop')
  expect(text.endsWith('\n\ndata: [DONE]\n\n')).toBe(true)
})

test('all chunks of a stream have its id, and no other stream has it', async () => {
  const first = chunksOf(await postStream(sandbox, { model: 'm' }))
  const second = chunksOf(await postStream(sandbox, { model: 'm' }))
  const ids = new Set([...first, ...second].map((chunk) => chunk.id))
  expect(ids.size).toBe(2)
})

test('a chunk has all of OpenAI fields in about 220 bytes', async () => {
  const text = await postStream(sandbox, { model: 'sandbox-echo' })
  const content = text.split('\n\n')[1] ?? ''
  expect(JSON.parse(content.slice('data: '.length))).toEqual({
    id: expect.stringMatching(/^chatcmpl-/),
    object: 'chat.completion.chunk',
    created: expect.any(Number),
    model: 'sandbox-echo',
    system_fingerprint: 'fp_0',
    choices: [{ index: 0, delta: { content: 'Hell' }, logprobs: null, finish_reason: null }],
  })
  expect(content.length).toBeLessThan(230)
})

test('a tool call is streamed as a name and then pieces of its arguments', async () => {
  const chunks = chunksOf(await postStream(sandbox, { model: 'sandbox-tool-call' }))
  const calls = chunks.flatMap((chunk) => chunk.choices?.[0]?.delta.tool_calls ?? [])
  const parts = calls as { index: number; function: { name?: string; arguments: string } }[]
  expect(parts[0]?.function.name).toBe('look_up_city')
  expect(JSON.parse(parts.map((part) => part.function.arguments).join(''))).toEqual({
    city: 'Oslo',
  })
  expect(chunks.at(-1)?.choices?.[0]?.finish_reason).toBe('tool_calls')
})

test('reasoning is streamed before the content', async () => {
  const chunks = chunksOf(await postStream(sandbox, { model: 'sandbox-reasoning' }))
  const kinds = chunks.slice(1, -1).flatMap((chunk) => Object.keys(chunk.choices?.[0]?.delta ?? {}))
  expect(kinds).toEqual([...Array(10).fill('reasoning_content'), ...Array(3).fill('content')])
})

test('a long stream over one connection after another loses nothing', async () => {
  const text = await postStream(sandbox, { model: 'm', sandbox: { reply_chars: 400_000 } })
  expect(chunksOf(text)).toHaveLength(100_002)
})
