import { afterAll, beforeAll, expect, test } from 'vitest'
import { begin, creditsOf, run } from '../endpoints/run.ts'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { startUpstream } from './scripted-upstream.ts'

let sent = ''
let isOpen = false
let upstream: Awaited<ReturnType<typeof startUpstream>>
let proxy: Tollkeeper
beforeAll(async () => {
  upstream = await startUpstream((response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(sent)
    if (!isOpen) response.end()
  })
  proxy = await startProxy({ env: { OPENAI_BASE_URL: upstream.url } })
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

const ASK = { model: 'm', prompt: 'Cats', stream: true, n: 2 }
const PATH = '/images/generations'
const TYPE = 'image_generation'
const event = (data: object) => `data: ${JSON.stringify(data)}\n\n`
const part = (at?: number) =>
  event({ type: `${TYPE}.partial_image`, b64_json: 'YQ==', partial_image_index: at })
const WHOLE = event({ type: `${TYPE}.completed`, b64_json: 'YQ==' })
const cost = (images: number) => creditsOf(1 + images * 4_160)

test('a client that has parts of an image and leaves pays for the image', async () => {
  sent = part(0) + part(1)
  isOpen = true
  const { key } = await proxy.customer('1000')
  const client = await begin(proxy, key, PATH, ASK)
  await client.until('"partial_image_index":1')
  client.leave()
  const record = await proxy.settled(client.requestId)
  expect(record).toMatchObject({ outcome: 'client_gone', charged: cost(1) })
})

test.each([
  ['parts of one', part(0) + part(1), 1],
  ['parts without numbers', part() + part(), 1],
  ['one and its parts', part(0) + part(1) + WHOLE, 1],
  ['one and parts of the next', part(0) + WHOLE + part(0), 2],
  ['two', WHOLE + WHOLE, 2],
])('a stream of images with %s is worth as many', async (_what, events, images) => {
  sent = events
  isOpen = false
  const { record } = await run(proxy, PATH, ASK)
  expect(record).toMatchObject({ usage_source: 'estimated', charged: cost(images) })
})
