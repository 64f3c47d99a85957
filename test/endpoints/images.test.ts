import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { creditsOf, eventsOf, run, setPrice } from './run.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
  await setPrice(proxy, 'painter', { input: '0', output: '0', request: '0.04' })
})
afterAll(() => proxy.close())

const PATH = '/images/generations'
const ask = (more: object = {}) => ({ model: 'sandbox-echo', prompt: 'A red house, far', ...more })

/** Tokens of an image: as the sandbox counts, and as we estimate and bound it. */
const REPORTED = 1_056
const ESTIMATED = 4_160
const BOUND = 8_192

test('images are held by a bound, and charged as the upstream reported', async () => {
  const { text, record, account } = await run(proxy, PATH, ask({ n: 3 }))
  expect(JSON.parse(text).data).toHaveLength(3)
  expect(record).toMatchObject({ usage_source: 'reported', completion_tokens: 3 * REPORTED })
  expect(record.charged).toBe(creditsOf(4 + 3 * REPORTED))
  expect(Number(record.hold)).toBeGreaterThan(Number(creditsOf(3 * BOUND)))
  expect(account.held).toBe('0')
})

test('a stream of images ends after the last one, and is charged as reported', async () => {
  const { text, record } = await run(proxy, PATH, ask({ stream: true, partial_images: 2 }))
  expect(eventsOf(text).map(({ name, data }) => [name, data.type])).toEqual([
    ['image_generation.partial_image', 'image_generation.partial_image'],
    ['image_generation.partial_image', 'image_generation.partial_image'],
    ['image_generation.completed', 'image_generation.completed'],
  ])
  expect(record).toMatchObject({ outcome: 'completed', charged: creditsOf(4 + REPORTED) })
})

test.each([false, true])(
  'without usage an image is charged its worth (stream: %j)',
  async (stream) => {
    const { record } = await run(proxy, PATH, ask({ model: 'sandbox-no-usage', n: 2, stream }))
    expect(record).toMatchObject({ usage_source: 'estimated', completion_tokens: 2 * ESTIMATED })
    expect(record.charged).toBe(creditsOf(4 + 2 * ESTIMATED))
  },
)

test('images may have a price a call', async () => {
  const { record } = await run(proxy, PATH, ask({ model: 'painter' }))
  expect(record).toMatchObject({ hold: '40', charged: '40' })
})

test('a stream of images without an image is an error', async () => {
  const body = ask({ model: 'sandbox-error-first', stream: true })
  const { status, text, record } = await run(proxy, PATH, body)
  expect(status).toBe(502)
  expect(JSON.parse(text)).toMatchObject({ error: { code: 'upstream_error' } })
  expect(record).toMatchObject({ outcome: 'upstream_error', charged: '0' })
})

test.each([0, 11, 1.5, '2'])('n: %j is a 400 that names it', async (n) => {
  const { status, text } = await run(proxy, PATH, ask({ n }))
  expect(status).toBe(400)
  expect(JSON.parse(text)).toMatchObject({ error: { param: 'n', code: 'invalid_value' } })
})
