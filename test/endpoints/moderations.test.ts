import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { creditsOf, run, setPrice } from './run.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
  await setPrice(proxy, 'free-moderation', { input: '0', output: '0' })
})
afterAll(() => proxy.close())

const PATH = '/moderations'
const ask = (model: string, input: unknown = 'Hello, upstream') => ({ model, input })

test('a moderation passes as the upstream sent it, and costs its input', async () => {
  const { text, record } = await run(proxy, PATH, ask('sandbox-echo'))
  expect(JSON.parse(text)).toMatchObject({ results: [{ flagged: false }] })
  expect(record).toMatchObject({ usage_source: 'estimated', charged: creditsOf(4) })
})

test('a moderation whose model has the price 0 is free, also without credits', async () => {
  const { status, record, account } = await run(proxy, PATH, ask('free-moderation'), '0.000001')
  expect(status).toBe(200)
  expect(record).toMatchObject({ outcome: 'completed', hold: '0', charged: '0', prompt_tokens: 4 })
  expect(account).toMatchObject({ posted: '0.000001', held: '0' })
})

test('parts of text and images are the input of a moderation too', async () => {
  const head = '89504e470d0a1a0a' + '0000000d49484452' + '00000200' + '00000200' // 512 x 512
  const image = Buffer.concat([Buffer.from(head, 'hex'), Buffer.alloc(30_000)])
  const url = `data:image/png;base64,${image.toString('base64')}`
  const input = [
    { type: 'text', text: 'Hello, upstream' },
    { type: 'image_url', image_url: { url } },
  ]
  const { record } = await run(proxy, PATH, ask('sandbox-echo', input))
  expect(record).toMatchObject({ charged: creditsOf(4 + 255) }) // one tile
  expect(Number(record.hold)).toBeLessThan(60) // the most of an image, and not its bytes
})
