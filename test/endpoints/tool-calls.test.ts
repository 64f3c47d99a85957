import { afterAll, beforeAll, expect, test } from 'vitest'
import { events as answerEvents, json, startUpstream } from '../failures/scripted-upstream.ts'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { eventsOf, run, setPrice } from './run.ts'

let proxy: Tollkeeper
let scripted: Tollkeeper
let answer: Parameters<typeof startUpstream>[0]
let upstream: Awaited<ReturnType<typeof startUpstream>>
beforeAll(async () => {
  proxy = await startProxy()
  upstream = await startUpstream((response) => answer(response))
  scripted = await startProxy({ env: { OPENAI_BASE_URL: upstream.url } })
})
afterAll(async () => {
  await scripted.close()
  await upstream.close()
  await proxy.close()
})

const RESPONSES = '/responses'
const ask = (model: string, stream: boolean) => ({ model, input: 'Hello, upstream', stream })
const KINDS = [false, true]

const call = (type: string, more: object = {}) => ({ type, status: 'completed', ...more })
const done = (item: object, place: number) =>
  JSON.stringify({ type: 'response.output_item.done', item, output_index: place })
const completed = (output: object[], usage: object = { input_tokens: 4, output_tokens: 4 }) =>
  JSON.stringify({ type: 'response.completed', response: { model: 'm', output, usage } })

test.each(KINDS)('a search on the web counts once in a response (stream: %j)', async (stream) => {
  const { text, record } = await run(proxy, RESPONSES, ask('sandbox-web-search', stream))
  const response = stream ? eventsOf(text).at(-1)?.data.response : JSON.parse(text)
  expect(response.output.map(({ type }: { type: string }) => type)).toEqual([
    'web_search_call',
    'web_search_call',
    'message',
  ])
  expect(record).toMatchObject({ outcome: 'completed', completion_tokens: 4 })
  expect(record.usage_details).toEqual({ tool_calls: { web_search_call: 2 } })
})

test('of a stream that broke off the calls that were done count', async () => {
  const { record } = await run(proxy, RESPONSES, ask('sandbox-web-search-cut', true))
  expect(record).toMatchObject({ outcome: 'upstream_broken', usage_source: 'estimated' })
  expect(record.usage_details).toEqual({ tool_calls: { web_search_call: 2 } })
})

test.each(KINDS)('a message tells its searches in its usage (stream: %j)', async (stream) => {
  const messages = [{ role: 'user', content: 'Hello' }]
  const body = { model: 'sandbox-web-search', messages, max_tokens: 100, stream }
  const { record } = await run(proxy, '/messages', body)
  expect(record.usage_details).toEqual({ tool_calls: { web_search_call: 2 } })
})

test.each(KINDS)('a chat tells the sources that it searched (stream: %j)', async (stream) => {
  const messages = [{ role: 'user', content: 'Hello' }]
  const body = { model: 'sandbox-search-sources', messages, stream }
  const { record } = await run(proxy, '/chat/completions', body)
  expect(record.usage_details).toEqual({ tool_calls: { num_sources_used: 3 } })
})

const OUTPUT = [
  call('file_search_call', { id: 'fs' }),
  call('image_generation_call', { id: 'ig', status: 'generating' }),
  call('code_interpreter_call', { id: 'ci_1', container_id: 'one' }),
  call('code_interpreter_call', { id: 'ci_2', container_id: 'one' }),
  call('code_interpreter_call', { id: 'ci_3', container_id: 'two' }),
  call('web_search_call', { id: 'ws_1', action: { type: 'search', query: 'x' } }),
  call('web_search_call', { id: 'ws_2', action: { type: 'open_page', url: 'x' } }),
  call('web_search_call', { id: 'ws_3', status: 'failed' }),
  call('shell_call', { environment: { type: 'container_reference', container_id: 'three' } }),
  call('shell_call', { environment: { type: 'local' } }),
  call('function_call', { name: 'f', arguments: '{}' }),
  call('custom_tool_call', { name: 'f', input: 'x' }),
  call('computer_call'),
  call('local_shell_call'),
  call('apply_patch_call'),
  call('mcp_call', { name: 'f', arguments: '{}' }),
  call('a_call_of_the_future_call'),
  { type: 'message', content: [{ type: 'output_text', text: 'Hello' }] },
]
const COUNTED = {
  file_search_call: 1,
  image_generation_call: 1,
  code_interpreter_call: 2,
  web_search_call: 1,
  shell_call: 1,
  a_call_of_the_future_call: 1,
}

test('what an upstream ran itself counts, and nothing that its client runs', async () => {
  answer = json({ object: 'response', output: OUTPUT, usage: { input_tokens: 4 } })
  const { record } = await run(scripted, RESPONSES, ask('any', false))
  expect(record.usage_details).toEqual({ tool_calls: COUNTED })
})

test.each([
  ['by its items and at its end', [...OUTPUT.map(done), completed(OUTPUT)]],
  ['by its items alone', [...OUTPUT.map(done), completed([])]],
  ['at its end alone', [completed(OUTPUT)]],
  ['twice by each item', [...OUTPUT.map(done), ...OUTPUT.map(done), completed(OUTPUT)]],
])('calls that a stream tells %s count once', async (_, events) => {
  answer = answerEvents(...events)
  const { record } = await run(scripted, RESPONSES, ask('any', true))
  expect(record).toMatchObject({ outcome: 'completed' })
  expect(record.usage_details).toEqual({ tool_calls: COUNTED })
})

test('calls that usage and items tell of are not summed up', async () => {
  const told = { web_search_calls: 3, x_search_calls: 1, mcp_calls: 2, file_search_calls: -1 }
  const usage = { input_tokens: 4, output_tokens: 4, server_side_tool_usage_details: told }
  answer = answerEvents(completed([call('web_search_call')], usage))
  const { record } = await run(scripted, RESPONSES, ask('any', true))
  expect(record.usage_details).toEqual({ tool_calls: { web_search_call: 3, x_search_call: 1 } })
})

test.each(KINDS)('the searches that a response reports count (stream: %j)', async (stream) => {
  const output = [call('web_search_call', { action: { type: 'search', queries: ['x', 'y'] } })]
  const usage = { input_tokens: 4, output_tokens: 4 }
  const tool_usage = { image_gen: { total_tokens: 0 }, web_search: { num_requests: 2 } }
  const response = { object: 'response', model: 'm', output, usage, tool_usage }
  const last = JSON.stringify({ type: 'response.completed', response })
  answer = stream ? answerEvents(last) : json(response)
  const { record } = await run(scripted, RESPONSES, ask('any', stream))
  expect(record.usage_details).toEqual({ tool_calls: { web_search_call: 2 } })
})

test.each(['sandbox-web-search', 'sandbox-web-search-cut'])(
  'each call of a tool is charged at its price, also of a stream that broke off: %s',
  async (model) => {
    const tools = { web_search_call: '0.01', file_search_call: '5' }
    await setPrice(proxy, model, { input: '0', output: '0', tools })
    const { record, account } = await run(proxy, RESPONSES, ask(model, true))
    expect(record).toMatchObject({ charged: '20', uncollected: '0' })
    expect(account).toMatchObject({ posted: '980', held: '0' })
  },
)
