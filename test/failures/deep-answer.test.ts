import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../endpoints/run.ts'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { chunk, events, startUpstream } from './scripted-upstream.ts'

const LEVELS = 20_000
const DEEP = '{"a":'.repeat(LEVELS) + 1 + '}'.repeat(LEVELS)

let written = ''
let upstream: Awaited<ReturnType<typeof startUpstream>>
let proxy: Tollkeeper
beforeAll(async () => {
  upstream = await startUpstream((response) => {
    if (written.includes('\n')) events(...written.split('\n'))(response)
    else response.setHeader('content-type', 'application/json').end(written)
  })
  proxy = await startProxy({ env: { OPENAI_BASE_URL: upstream.url } })
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

const MESSAGES = [{ role: 'user', content: 'Hi' }]
const CHOICE = `{"index":0,"message":{"role":"assistant","content":"Hi","x":${DEEP}}}`

/** Answers of which something has to be written again. */
const ANSWERS: [path: string, fields: object, answer: string][] = [
  ['/chat/completions', { messages: MESSAGES, stream: true }, `{"choices":[${CHOICE}]}`],
  ['/messages', { messages: MESSAGES, max_tokens: 9 }, `{"content":[{"input":${DEEP}}]}`],
  ['/responses', { input: 'Hi', stream: true }, `{"output":[{"type":"message","x":${DEEP}}]}`],
  [
    '/embeddings',
    { input: 'Hi', encoding_format: 'base64' },
    `{"data":[{"embedding":[1],"x":${DEEP}}]}`,
  ],
]

test.each(ANSWERS)(
  'an answer of %s of 20,000 levels is a 502 that keeps nobody waiting',
  async (path, fields, answer) => {
    written = answer
    const { status, record, account } = await run(proxy, path, { model: 'm', ...fields })
    expect(status).toBe(502)
    expect(record).toMatchObject({ outcome: 'upstream_error', charged: '0' })
    expect(account.held).toBe('0')
  },
)

test('a usage of 20,000 levels breaks its stream', async () => {
  const usage = `,"usage":{"prompt_tokens":1,"completion_tokens":1,"x":${DEEP}}}`
  const says = chunk({ role: 'assistant', content: 'Hi' })
  written = [says, chunk({}, 'stop').replace(/}$/, usage), '[DONE]'].join('\n')
  const asked = { messages: MESSAGES, stream: true, stream_options: { include_usage: true } }
  const { text, record } = await run(proxy, '/chat/completions', { model: 'm', ...asked })
  expect(text).toContain('"upstream_error"')
  expect(text).not.toContain('[DONE]')
  expect(record).toMatchObject({ outcome: 'upstream_broken' })
})
