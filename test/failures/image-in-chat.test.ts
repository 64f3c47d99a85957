import { afterAll, beforeAll, expect, test } from 'vitest'
import { begin, creditsOf, run } from '../endpoints/run.ts'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { chunk, startUpstream } from './scripted-upstream.ts'

let upstream: Awaited<ReturnType<typeof startUpstream>>
let proxy: Tollkeeper
beforeAll(async () => {
  upstream = await startUpstream((response) => {
    if (isStream) {
      const opening = chunk({ role: 'assistant', content: 'Here: ', images: [IMAGE] })
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`data: ${opening}\n\n`)
    } else {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ choices: [CHOICE] }))
    }
  })
  const env = { OPENAI_BASE_URL: upstream.url, OPENAI_CUSTOM_TOKEN_ESTIMATION: 'tokenizer' }
  proxy = await startProxy({ env })
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

let isStream = false
const PATH = '/chat/completions'
const IMAGE = { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } }
const MESSAGE = { role: 'assistant', content: 'Here: ', images: [IMAGE, IMAGE] }
const CHOICE = { index: 0, message: MESSAGE, finish_reason: 'stop' }
const ASK = { model: 'm', messages: [{ role: 'user', content: 'A cat' }] }
/** Of 'A cat' and of 'Here: ', as they are tokenised. */
const TEXT_TOKENS = 2 + 3

test('a client that has an image of a chat and leaves pays for it', async () => {
  isStream = true
  const { key } = await proxy.customer('1000')
  const client = await begin(proxy, key, PATH, { ...ASK, stream: true })
  await client.until('base64')
  client.leave()
  const record = await proxy.settled(client.requestId)
  expect(record).toMatchObject({
    outcome: 'client_gone',
    usage_details: { output_image_tokens: 1_290 },
    charged: creditsOf(TEXT_TOKENS + 1_290),
  })
})

test('images of a chat in one piece are charged where nobody reports them', async () => {
  isStream = false
  const { record } = await run(proxy, PATH, ASK)
  expect(record).toMatchObject({ usage_details: { output_image_tokens: 2_580 } })
  expect(record.charged).toBe(creditsOf(TEXT_TOKENS + 2_580))
})
