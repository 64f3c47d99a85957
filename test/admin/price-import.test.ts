import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientOf, refusal } from './client.ts'
import { type Admin, startAdmin } from './setup.ts'

let admin: Admin
let client: ReturnType<typeof clientOf>
beforeAll(async () => {
  admin = await startAdmin()
  client = clientOf(admin)
})
afterAll(() => admin.close())

/** Imports a provider of nine models under a name of its own. */
const importAs = async (as: string, more: object = {}) =>
  (await client.post('/prices/import', { provider: 'minimax', as, ...more })).body as any

const rowsOf = (provider: string) =>
  admin.sql`select * from prices where provider = ${provider} order by model, effective_from`

test('an import tells what it would do, and does nothing', async () => {
  const as = randomUUID()
  const compared = await importAs(as)
  expect(compared).toMatchObject({
    applied: false,
    source: expect.stringMatching(/^genai-prices /),
  })
  expect(compared.counts.new).toBeGreaterThan(0)
  expect(compared.prices[0]).toMatchObject({ provider: as, status: 'new', before: null })
  expect(await rowsOf(as)).toEqual([])
  expect(await admin.sql`select 1 from price_names where provider = ${as}`).toEqual([])
})

test('an import that is applied enters all that is new, with its source', async () => {
  const as = randomUUID()
  const { counts, source } = await importAs(as, { apply: true })
  const rows = await rowsOf(as)
  expect(rows).toHaveLength(counts.new)
  expect(new Set(rows.map((row) => row.source))).toEqual(new Set([source]))
  const { body } = await client.get(`/prices?provider=${as}&limit=200`)
  expect(body.data).toHaveLength(counts.new)
  expect(body.data[0]).toMatchObject({ provider: as, source })
})

test('importing again finds everything the same', async () => {
  const as = randomUUID()
  const { counts } = await importAs(as, { apply: true })
  const again = await importAs(as, { apply: true })
  expect(again.counts).toMatchObject({ new: 0, changed: 0, manual: 0, same: counts.new })
  expect(again.prices.filter(({ status }: any) => status !== 'refused')).toEqual([])
})

test('imports at the same time enter everything once, whichever is the first', async () => {
  const as = randomUUID()
  const calls = Array.from({ length: 8 }, () => importAs(as, { apply: true }))
  const entered = (await Promise.all(calls)).map(({ counts, not_entered: not }) => counts.new - not)
  const rows = await rowsOf(as)
  expect(new Set(rows.map(({ model }) => model)).size).toBe(rows.length)
  expect(entered.reduce((sum, one) => sum + one)).toBe(rows.length)
})

test('a price that was entered by hand is left alone, unless it is to be replaced', async () => {
  const as = randomUUID()
  const [{ model }] = (await importAs(as)).prices
  const mine = { provider: as, model, input: '0.123', output: '0.456' }
  await client.post('/prices', { ...mine, effective_from: '2026-01-01T00:00:00Z' })
  const left = await importAs(as, { apply: true })
  expect(left.counts.manual).toBe(1)
  const found = left.prices.find(({ status }: any) => status === 'manual')
  expect(found).toMatchObject({ model, before: { input: '0.123' } })
  expect((await rowsOf(as)).filter((row) => row.model === model)).toHaveLength(1)
  const replaced = await importAs(as, { apply: true, replace_manual: true })
  expect(replaced.counts).toMatchObject({ manual: 0, changed: 1 })
  const [before, after] = (await rowsOf(as)).filter((row) => row.model === model)
  expect([before?.source, after?.source]).toEqual(['manual', replaced.source])
})

test('a price of the catalogue that is another one by now is entered beside the old one', async () => {
  const as = randomUUID()
  const from = '2026-01-01T00:00:00Z'
  await importAs(as, { apply: true, effective_from: from })
  const [row] = await rowsOf(as)
  await admin.sql`update prices set input = 1 where id = ${row?.id}` // as if it had been so then
  const again = await importAs(as, { apply: true })
  expect(again.prices.find(({ model }: any) => model === row?.model)).toMatchObject({
    status: 'changed',
    before: { input: '0.000000001' },
  })
  const rows = (await rowsOf(as)).filter(({ model }) => model === row?.model)
  expect(rows).toHaveLength(2)
})

test('prices that the catalogue has for later begin at their date', async () => {
  const as = randomUUID()
  const effective_from = '2025-01-01T00:00:00Z'
  await client.post('/prices/import', { provider: 'deepseek', as, apply: true, effective_from })
  const rows = (await rowsOf(as)).filter(({ model }) => model === 'deepseek-v4-flash')
  expect(rows.map(({ effective_from: from }) => from.toISOString())).toEqual([
    '2025-01-01T00:00:00.000Z',
    '2026-08-17T00:00:00.000Z',
  ])
  expect(rows[1]?.details.hours).toMatchObject([
    { from: '06:00', until: '10:00', input: '0.44' },
    { from: '01:00', until: '04:00', input: '0.44' },
  ])
})

test('what the catalogue prices by something that is not counted is refused by name', async () => {
  const { body } = await client.post('/prices/import', { provider: 'openai' })
  const whisper = (body as any).prices.find(({ model }: any) => model === 'whisper-1')
  expect(whisper).toMatchObject({ status: 'refused', reason: expect.stringMatching('audio_hours') })
})

test('the routes to a provider are shown with whose price they would have', async () => {
  const provider = randomUUID()
  const settings = { base_url: 'https://api.example.com/v1', api_key: null }
  await client.put(`/providers/${provider}`, settings)
  const routes = ['minimax-m2.5', 'unheard-of'].map((name) => ({ provider, upstream_model: name }))
  const model = randomUUID()
  await client.put(`/models/${model}`, { routes })
  expect((await importAs(provider)).models).toEqual([
    { model, provider, upstream_model: 'minimax-m2.5', priced_as: 'MiniMax-M2' },
    { model, provider, upstream_model: 'unheard-of', priced_as: null },
  ])
})

test.each([
  [{ as: 'acme' }, 'as'],
  [{ provider: 'nobody' }, 'provider'],
  [{ effective_from: 'soon' }, 'effective_from'],
])('an import is refused for %j', async (body, param) => {
  expect(refusal(await client.post('/prices/import', body))).toEqual([400, 'invalid_value', param])
})
