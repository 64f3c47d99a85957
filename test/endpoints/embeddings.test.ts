import { OpenAI } from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { creditsOf, run } from './run.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
})
afterAll(() => proxy.close())

const PATH = '/embeddings'
const ask = (more: object = {}) => ({ model: 'sandbox-echo', input: 'Hello, upstream', ...more })

test('embeddings pass as the upstream sent them, and cost their input', async () => {
  const { text, record, account } = await run(proxy, PATH, ask())
  expect(JSON.parse(text)).toMatchObject({ object: 'list', data: [{ index: 0 }] })
  expect(record).toMatchObject({ usage_source: 'reported', completion_tokens: 0 })
  expect(record).toMatchObject({ prompt_tokens: 4, charged: creditsOf(4) })
  expect(account).toMatchObject({ posted: '999.96', held: '0' })
})

test('a hold on embeddings covers their input, and no output', async () => {
  const { record } = await run(proxy, PATH, ask({ input: 'a'.repeat(400) }))
  expect(Number(record.hold)).toBeGreaterThan(4)
  expect(Number(record.hold)).toBeLessThan(5)
})

test.each([
  ['a text', 'Hello, upstream', 4],
  ['texts', ['Hello', 'upstream'], 4],
  ['ids', [1, 2, 3], 3],
  ['lists of ids', [[1, 2, 3], [4]], 4],
])('without usage the input is charged: %s', async (_, input, tokens) => {
  const { record } = await run(proxy, PATH, ask({ model: 'sandbox-no-usage', input }))
  expect(record).toMatchObject({ usage_source: 'estimated', charged: creditsOf(tokens) })
})

test('an SDK reads the same vectors, whatever the upstream makes of base64', async () => {
  const { key } = await proxy.customer('100')
  const client = new OpenAI({ baseURL: proxy.url, apiKey: key })
  const input = ['Hello', 'there']
  const [first, second, plain] = await Promise.all([
    client.embeddings.create({ model: 'sandbox-echo', input, dimensions: 24 }),
    client.embeddings.create({ model: 'sandbox-floats', input, dimensions: 24 }),
    client.embeddings.create({
      model: 'sandbox-echo',
      input,
      dimensions: 24,
      encoding_format: 'float',
    }),
  ])
  expect(first.data.map(({ embedding }) => embedding.length)).toEqual([24, 24])
  expect(second.data).toEqual(first.data)
  expect(plain.data).toEqual(first.data)
})

test('numbers become the base64 that was asked for, and nothing else does', async () => {
  const format = { encoding_format: 'base64', dimensions: 3 }
  const { text } = await run(proxy, PATH, ask({ model: 'sandbox-floats', ...format }))
  const [first] = JSON.parse(text).data
  const bytes = Buffer.from(first.embedding, 'base64')
  const read = [0, 4, 8].map((at) => bytes.readFloatLE(at))
  const plain = await run(proxy, PATH, ask({ model: 'sandbox-floats', dimensions: 3 }))
  expect(JSON.parse(plain.text).data[0].embedding).toEqual(read)
  expect(bytes).toHaveLength(12)
})

test.each([
  [{ input: undefined }, 'input', 'missing_required_parameter'],
  [{ input: [] }, 'input', 'invalid_value'],
  [{ input: 7 }, 'input', 'invalid_value'],
  [{ input: [{}] }, 'input', 'invalid_value'],
  [{ input: [[1.5]] }, 'input', 'invalid_value'],
  [{ encoding_format: 1 }, 'encoding_format', 'invalid_value'],
])('%j is a 400 that names the field', async (fields, param, code) => {
  const { status, text, record } = await run(proxy, PATH, ask(fields))
  expect(status).toBe(400)
  expect(JSON.parse(text)).toMatchObject({ error: { param, code } })
  expect(record).toMatchObject({ outcome: 'refused', charged: '0' })
})
