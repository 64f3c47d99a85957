import { afterAll, beforeAll, expect, test } from 'vitest'
import { creditsOf, eventsOf, run } from '../endpoints/run.ts'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { json, startUpstream } from './scripted-upstream.ts'

let document: object = {}
let upstream: Awaited<ReturnType<typeof startUpstream>>
let proxy: Tollkeeper
beforeAll(async () => {
  upstream = await startUpstream((response) => json(document)(response))
  proxy = await startProxy({ env: { OPENAI_BASE_URL: upstream.url } })
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

const USAGE = { input_tokens: 10, output_tokens: 100, total_tokens: 110 }
const IMAGE = { model: 'm', prompt: 'A house', stream: true, n: 2 }

test('images in one piece are told as the events of each, the usage in the last', async () => {
  const data = [{ b64_json: 'YQ==' }, { b64_json: 'Yg==' }]
  document = { created: 7, data, usage: USAGE, size: '1024x1024' }
  const { status, text, record } = await run(proxy, '/images/generations', IMAGE)
  expect(status).toBe(200)
  const type = 'image_generation.completed'
  const told = { type, created_at: 7, size: '1024x1024' }
  expect(eventsOf(text)).toEqual([
    { name: type, data: { ...told, b64_json: 'YQ==' } },
    { name: type, data: { ...told, b64_json: 'Yg==', usage: USAGE } },
  ])
  expect(record).toMatchObject({ outcome: 'completed', stream: true, charged: creditsOf(110) })
})

test.each([[[]], [[{ url: 'https://images.example.com/a' }]]])(
  'images that no event can tell are a 502 for a stream: %j',
  async (data) => {
    document = { created: 7, data }
    const { status, record } = await run(proxy, '/images/generations', IMAGE)
    expect(status).toBe(502)
    expect(record).toMatchObject({ outcome: 'upstream_error', charged: '0' })
  },
)

test('a transcript in one piece is told as events, as of a model that streams none', async () => {
  document = { text: 'Hello', usage: USAGE }
  const form = new FormData()
  form.set('model', 'm')
  form.set('stream', 'true')
  form.set('file', new Blob(['x'.repeat(1_000)]), 'a.mp3')
  const { status, text, record } = await run(proxy, '/audio/transcriptions', form)
  expect(status).toBe(200)
  expect(eventsOf(text).map(({ data }) => data)).toEqual([
    { type: 'transcript.text.delta', delta: 'Hello' },
    { type: 'transcript.text.done', text: 'Hello', usage: USAGE },
  ])
  expect(record).toMatchObject({ outcome: 'completed', charged: creditsOf(110) })
})
