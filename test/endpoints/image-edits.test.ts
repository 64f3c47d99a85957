import { OpenAI, toFile } from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { LOOPBACK, putModel, putProvider } from '../routing/setup.ts'
import { creditsOf, eventsOf, run } from './run.ts'
import { form } from './samples.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy({ env: LOOPBACK })
})
afterAll(() => proxy.close())

const PATH = '/images/edits'
const PICTURE = new File([Buffer.alloc(200_000, 0xab)], 'a.png', { type: 'image/png' })
const ask = (more: object = {}) =>
  form({ model: 'sandbox-echo', prompt: 'A red house, far', image: PICTURE, ...more })

/** Tokens of an image: as the sandbox counts, and as we estimate and bound it. */
const REPORTED = 1_056
const ESTIMATED = 4_160
const BOUND = 8_192

test('an edit is held by its images, given and made, and charged as reported', async () => {
  const { text, record } = await run(proxy, PATH, ask({ 'image[]': [PICTURE, PICTURE], n: 2 }))
  expect(JSON.parse(text).data).toHaveLength(2)
  expect(record).toMatchObject({ usage_source: 'reported', charged: creditsOf(4 + 2 * REPORTED) })
  const hold = Number(record.hold)
  expect(hold).toBeGreaterThan(Number(creditsOf(5 * BOUND)))
  expect(hold).toBeLessThan(Number(creditsOf(5 * BOUND + 2_000))) // and not by the bytes of a file
})

test('a stream of an edit ends after its image', async () => {
  const { text, record } = await run(proxy, PATH, ask({ stream: true, partial_images: 1 }))
  const names = eventsOf(text).map(({ name }) => name)
  expect(names).toEqual(['image_edit.partial_image', 'image_edit.completed'])
  expect(record).toMatchObject({ outcome: 'completed', charged: creditsOf(4 + REPORTED) })
})

test('without usage an edited image is charged its worth', async () => {
  const { record } = await run(proxy, PATH, ask({ model: 'sandbox-no-usage' }))
  expect(record).toMatchObject({ usage_source: 'estimated', charged: creditsOf(4 + ESTIMATED) })
})

test('of the form only the name of a model changes that the upstream knows by another', async () => {
  await putProvider(proxy, 'acme', proxy.sandbox)
  await putModel(proxy, 'house/painter', [{ provider: 'acme', upstream_model: 'sandbox-echo' }])
  const { status, truth } = await run(proxy, PATH, ask({ model: 'house/painter' }))
  expect(status).toBe(200)
  const part = (name: string) => `name="model"\r\n\r\n${name}\r\n`
  expect(truth?.body).toContain(part('sandbox-echo'))
  expect(truth?.body).not.toContain('house/painter')
  expect(truth?.model).toBe('sandbox-echo')
})

test('an SDK edits an image', async () => {
  const { key } = await proxy.customer('1000')
  const client = new OpenAI({ baseURL: proxy.url, apiKey: key })
  const image = await toFile(Buffer.alloc(100), 'a.png', { type: 'image/png' })
  const answer = await client.images.edit({ model: 'sandbox-echo', prompt: 'Redder', image })
  expect(answer.data?.[0]?.b64_json).toMatch(/^iVBOR/)
})

test.each([
  [{ prompt: undefined }, 'prompt', 'missing_required_parameter'],
  [{ n: 'many' }, 'n', 'invalid_value'],
  [{ n: 11 }, 'n', 'invalid_value'],
])('%j is a 400 that names its part', async (parts, param, code) => {
  const { status, text } = await run(proxy, PATH, ask(parts))
  expect(status).toBe(400)
  expect(JSON.parse(text)).toMatchObject({ error: { param, code } })
})
