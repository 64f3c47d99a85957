import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { run } from './run.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
})
afterAll(() => proxy.close())

const MODEL = { model: 'sandbox-echo' }
const part = (name: string, value: unknown) => ({ role: 'user', content: [{ [name]: value }] })
const FILE = { file_id: 'file-1' }
const TOOL_USE = { type: 'tool_use', id: 't', name: 'read', input: FILE }
const MCP_USE = { ...TOOL_USE, type: 'mcp_tool_use', server_name: 'drive' }
const ESCAPED = '{"model":"sandbox-echo","input":[{"type":"x","\\u0066ile_id":"file-1"}]}'

/** Requests that name what somebody else may have stored at the upstream. */
const REFERENCES: [path: string, body: object, param: string][] = [
  ['/responses', { input: 'Hi', previous_response_id: 'resp_1' }, 'previous_response_id'],
  ['/responses', { input: 'Hi', conversation: 'conv_1' }, 'conversation'],
  ['/responses', { input: 'Hi', conversation: { id: 'conv_1' } }, 'conversation'],
  ['/responses', { input: 'Hi', prompt: { id: 'pmpt_1' } }, 'prompt'],
  ['/responses', { input: [{ type: 'item_reference', id: 'msg_1' }] }, 'input'],
  ['/responses', { input: [part('file_id', 'file-1')] }, 'input'],
  ['/responses', { input: 'Hi', tools: [{ vector_store_ids: ['vs_1'] }] }, 'tools'],
  ['/responses', { input: 'Hi', tools: [{ container: 'cntr_1' }] }, 'tools'],
  ['/responses', { input: 'Hi', tools: [{ container: { file_ids: ['file-1'] } }] }, 'tools'],
  ['/responses', { input: 'Hi', tools: [{ environment: { container_id: 'cntr_1' } }] }, 'tools'],
  ['/responses', { input: [{ type: 'image_generation_call', id: 'ig_1' }] }, 'input'],
  ['/chat/completions', { messages: [part('file', { file_id: 'file-1' })] }, 'messages'],
  ['/chat/completions', { messages: [{ ...part('file', FILE), type: 'tool_use' }] }, 'messages'],
  ['/chat/completions', { messages: [{ role: 'assistant', audio: { id: 'a' } }] }, 'messages'],
  ['/chat/completions', { messages: [], tools: [{ vector_store_ids: ['vs_1'] }] }, 'tools'],
]

test.each(REFERENCES)('%s with %j is refused before the upstream', async (path, body, param) => {
  const { status, text, truth } = await run(proxy, path, { ...MODEL, ...body })
  expect(status).toBe(400)
  expect(JSON.parse(text)).toMatchObject({ error: { param, code: 'invalid_value' } })
  expect(text).toContain('stored at the upstream')
  expect(truth).toBeUndefined()
})

test('a reference is found behind any spelling of its name', async () => {
  const { status, truth } = await run(proxy, '/responses', ESCAPED)
  expect(status).toBe(400)
  expect(truth).toBeUndefined()
})

const TWICE = '"file_id":"file-1","file_id":null'
const SHADOWED: [path: string, member: string, twice: string][] = [
  ['/chat/completions', `"messages":[{"role":"user","content":[{"file":{${TWICE}}}]}]`, 'file_id'],
  ['/chat/completions', '"messages":[{"content":[{"file_id":"file-1"}],"content":""}]', 'content'],
  ['/chat/completions', `"messages":[],"tools":[{"x":{${TWICE}}}]`, 'file_id'],
  ['/responses', `"input":[{"type":"input_file",${TWICE}}]`, 'file_id'],
  ['/responses', '"input":[{"type":"item_reference","id":"a","\\u0074ype":"message"}]', 'type'],
  ['/responses', '"input":"Hi","tools":[{"container":"cntr_1","container":{}}]', 'container'],
  ['/messages', `"max_tokens":9,"messages":[{"content":[{"source":{${TWICE}}}]}]`, 'file_id'],
  ['/messages', '"max_tokens":9,"messages":[],"container":{"id":"c","id":null}', 'id'],
]

test.each(SHADOWED)('%s with %s does not hide a reference', async (path, member, twice) => {
  const { status, text, truth } = await run(proxy, path, `{"model":"sandbox-echo",${member}}`)
  expect(status).toBe(400)
  expect(JSON.parse(text)).toMatchObject(
    path === '/messages' ? { type: 'error' } : { error: { code: 'invalid_value' } },
  )
  expect(text).toContain(`\\"${twice}\\" twice`)
  expect(truth).toBeUndefined()
})

test('a response in the background is refused: nobody could fetch it', async () => {
  const { status, text } = await run(proxy, '/responses', {
    ...MODEL,
    input: 'Hi',
    background: true,
  })
  expect(status).toBe(400)
  expect(JSON.parse(text)).toMatchObject({ error: { param: 'background' } })
})

/** Names of the same kind that name nothing. */
const HARMLESS: [path: string, body: object][] = [
  ['/responses', { input: 'Hi', store: true, previous_response_id: null }],
  ['/responses', { input: 'what is a file_id?', tools: [{ container: { type: 'auto' } }] }],
  ['/responses', { input: 'Hi', tools: [tool({ file_id: { type: 'string' } })] }],
  ['/responses', { input: [{ type: 'image_generation_call', id: 'ig_1', result: 'aGk=' }] }],
  ['/messages', { max_tokens: 9, messages: [part('content', TOOL_USE)] }],
  ['/messages', { max_tokens: 9, messages: [part('content', MCP_USE)] }],
  ['/chat/completions', { messages: [{ role: 'user', content: 'my "file_id" is file-1' }] }],
]

test.each(HARMLESS)('%s with %j is served', async (path, body) => {
  expect((await run(proxy, path, { ...MODEL, ...body })).status).toBe(200)
})

function tool(properties: object) {
  return { type: 'function', name: 'read', parameters: { type: 'object', properties } }
}

test.each([
  ['GET', '/responses/resp_1'],
  ['DELETE', '/responses/resp_1'],
  ['POST', '/responses/resp_1/cancel'],
  ['GET', '/responses/resp_1/input_items'],
  ['GET', '/files/file-1/content'],
])('%s %s does not exist, and reaches no upstream', async (method, path) => {
  const { key } = await proxy.customer('1')
  const before = proxy.sandbox.calls.size
  const headers = { authorization: `Bearer ${key}` }
  const response = await fetch(`${proxy.url}${path}`, { method, headers })
  expect(response.status).toBe(404)
  expect(await response.json()).toMatchObject({ error: { code: 'unknown_url' } })
  expect(proxy.sandbox.calls.size).toBe(before)
})
