import { OpenAI } from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { creditsOf, eventsOf, run } from '../endpoints/run.ts'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ask as asked, expectFailure } from './expect-failure.ts'
import { json, startUpstream } from './scripted-upstream.ts'

let document: object
/** The document as it is written, where that matters. */
let written: string | null = null
let upstream: Awaited<ReturnType<typeof startUpstream>>
let proxy: Tollkeeper
let scripted: Tollkeeper
beforeAll(async () => {
  upstream = await startUpstream((response) => {
    if (written === null) return json(document)(response)
    response.setHeader('content-type', 'application/json')
    response.end(written)
  })
  proxy = await startProxy()
  scripted = await startProxy({ env: { OPENAI_BASE_URL: upstream.url } })
})
afterAll(async () => {
  await scripted.close()
  await proxy.close()
  await upstream.close()
})

const REQUESTS: [path: string, fields: object][] = [
  ['/responses', { input: 'Hello, upstream' }],
  ['/messages', { messages: [{ role: 'user', content: 'Hello, upstream' }], max_tokens: 100 }],
]
const ask = (fields: object, model: string) => ({ model, stream: true, ...fields })

/** What a text is the same as that was told in any pieces, and under any id. */
function told(text: string) {
  const seen = eventsOf(text).filter(({ name }) => name !== 'ping')
  return seen
    .map(({ name, data }) => ({ name, ...data, sequence_number: null, delta: null }))
    .filter((one, at, all) => one.name !== all[at - 1]?.name)
    .map((one) => JSON.parse(JSON.stringify(one).replace(/(resp|msg)_[\w-]+/g, 'id')))
}

/** The pieces of all texts, joined. */
function saidIn(text: string): string {
  const pieces = eventsOf(text).map(({ data }) => data.delta ?? '')
  const texts = pieces.map((one) =>
    typeof one === 'string' ? one : (one.text ?? one.thinking ?? one.partial_json ?? ''),
  )
  return texts.join('')
}

describe.each(REQUESTS)('%s', (path, fields) => {
  test('a document becomes its events, held and charged as a stream', async () => {
    const { text, headers, record, account } = await run(
      proxy,
      path,
      ask(fields, 'sandbox-json-for-stream'),
    )
    expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(saidIn(text)).toBe('Hello, upstream')
    for (const { name, data } of eventsOf(text)) expect(data.type).toBe(name)
    expect(record).toMatchObject({
      stream: true,
      outcome: 'completed',
      usage_source: 'reported',
      charged: creditsOf(8),
      ttft_ms: expect.any(Number),
    })
    expect(account).toMatchObject({ posted: '999.92', held: '0' })
  })

  test.each(['sandbox-echo', 'sandbox-tool-call', 'sandbox-reasoning', 'sandbox-web-search'])(
    'the events of a document are those of its upstream: %s',
    async (model) => {
      const whole = await fetch(`${proxy.sandbox.url}${path}`, {
        method: 'POST',
        body: JSON.stringify({ ...fields, model }),
      })
      document = (await whole.json()) as object
      const synthetic = await run(scripted, path, ask(fields, model))
      const native = await run(proxy, path, ask(fields, model))
      expect(saidIn(synthetic.text)).toBe(saidIn(native.text))
      const names = (text: string) => told(text).map(({ name }) => name)
      const own = names(native.text).filter((name) => !name.includes('web_search_call'))
      expect(names(synthetic.text)).toEqual(own)
      expect(eventsOf(synthetic.text)[0]?.data).not.toHaveProperty('error')
    },
  )

  test.each([
    ['a page', 'sandbox-html-200', /not a (response|message)/],
    ['nothing', 'sandbox-empty-200', /./],
    ['an error', 'sandbox-error-in-200', /./],
  ])('%s is a 502 for a stream', async (_, model, cause) => {
    const { status, record } = await run(proxy, path, ask(fields, model))
    expect(status).toBe(502)
    expect(record).toMatchObject({ outcome: 'upstream_error', charged: '0' })
    expect(record.error.causes[0]).toMatch(cause)
  })
})

test('what an SDK reads of a response that came as a document is all of it', async () => {
  const message = { id: 'msg', type: 'message', role: 'assistant', status: 'completed' }
  const link = { type: 'url_citation', url: 'u', title: 't', start_index: 0, end_index: 1 }
  const text = { type: 'output_text', text: 'Hello', annotations: [link], logprobs: [] }
  document = {
    id: 'resp',
    object: 'response',
    created_at: 1,
    status: 'incomplete',
    incomplete_details: { reason: 'max_output_tokens' },
    model: 'any',
    output: [
      { id: 'rs', type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hm' }] },
      { ...message, content: [text, { type: 'refusal', refusal: 'No' }] },
      { id: 'fc', type: 'function_call', call_id: 'c', name: 'f', arguments: '{"a":1}' },
      { id: 'ct', type: 'custom_tool_call', call_id: 'd', name: 'g', input: 'x\r\ny' },
    ],
    usage: { input_tokens: 9, output_tokens: 3, total_tokens: 12 },
  }
  const { key } = await scripted.customer('100')
  const client = new OpenAI({ baseURL: scripted.url, apiKey: key })
  const stream = client.responses.stream({ model: 'any', input: 'Hi' })
  let deltas = ''
  stream.on('response.output_text.delta', ({ delta }) => {
    deltas += delta
  })
  const links: unknown[] = []
  stream.on('response.output_text.annotation.added', ({ annotation }) => links.push(annotation))
  const response = await stream.finalResponse()
  expect(deltas).toBe('Hello')
  expect(links).toEqual([link])
  expect(response).toMatchObject(document)
})

test('a number in the input of a tool stays as its upstream wrote it', async () => {
  const input = '{"id":9007199254740993,\r\n "x":1.0}'
  const block = `{"type":"tool_use","id":"t","name":"f","input":${input}}`
  written = `{"type":"message","content":[${block}],"stop_reason":"tool_use"}`
  const { text } = await run(scripted, '/messages', ask(REQUESTS[1]?.[1] as object, 'any'))
  written = null
  expect(saidIn(text)).toBe(input)
})

test('a document without any content is a 502 for a stream', async () => {
  document = { id: 'x', object: 'list', data: [] }
  for (const [path, fields] of REQUESTS) {
    const { status } = await run(scripted, path, ask(fields, 'any'))
    expect(status).toBe(502)
  }
  await expectFailure(scripted, asked('any', true), {
    status: 502,
    code: 'upstream_error',
    outcome: 'upstream_error',
    cause: /not a chat completion/,
  })
})
