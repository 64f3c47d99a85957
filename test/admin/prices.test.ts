import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatUsd, parseUsd } from '../../src/domain/prices/usd.ts'
import { clientOf, refusal, UUID_PATTERN } from './client.ts'
import { type Admin, startAdmin } from './setup.ts'

let admin: Admin
let client: ReturnType<typeof clientOf>
beforeAll(async () => {
  admin = await startAdmin()
  client = clientOf(admin)
})
afterAll(() => admin.close())

const SINCE = '2026-01-01T00:00:00.000Z'
const price = (fields: object = {}) => ({
  provider: 'openai',
  model: randomUUID(),
  input: '2.5',
  output: '10',
  ...fields,
})

describe('a price', () => {
  it('is entered with every class', async () => {
    const classes = {
      input: '2.5',
      cached_input: '1.25',
      output: '10',
      reasoning: '12.000000001',
      request: '0.01',
    }
    const entered = price({ ...classes, effective_from: '2026-01-01T01:00:00+01:00' })
    const { status, body } = await client.post('/prices', entered)
    expect(status).toBe(201)
    expect(body).toEqual({
      ...entered,
      id: expect.stringMatching(`^${UUID_PATTERN}$`),
      effective_from: SINCE,
      source: 'manual',
      created_at: expect.stringMatching(/Z$/),
    })
    const [row] = await admin.sql`select reasoning::text from prices where id = ${body.id}`
    expect(row?.reasoning).toBe('12000000001')
  })

  it('is entered with classes, tools, steps and hours of its own, and shown with all of them', async () => {
    const parts = { cache_write: '3.1', input_audio: '40', output_image: '30' }
    const entered = price({
      ...{ cached_input: '0.5', reasoning: '11', request: '0' },
      ...parts,
      tools: { web_search_call: '0.01' },
      steps: [{ above: 200_000, input: '5' }],
      hours: [
        { from: '16:30', until: '00:30', input: '1', steps: [{ above: 200_000, output: '9' }] },
      ],
      effective_from: SINCE,
    })
    const { status, body } = await client.post('/prices', entered)
    expect(status).toBe(201)
    const step = { above: 200_000, input: '5', cached_input: '0.5', output: '10', reasoning: '11' }
    const hours = { from: '16:30', until: '00:30', input: '1', cached_input: '0.5', output: '10' }
    const late = { above: 200_000, input: '1', cached_input: '0.5', output: '9', reasoning: '11' }
    const filled = {
      ...{ ...parts, tools: { web_search_call: '0.01' }, steps: [{ ...step, ...parts }] },
      hours: [
        {
          ...{ ...hours, reasoning: '11', request: '0', ...parts },
          ...{ tools: { web_search_call: '0.01' }, steps: [{ ...late, ...parts }] },
        },
      ],
    }
    expect(body).toMatchObject({ ...filled, input: '2.5', source: 'manual' })
    const again = await client.post('/prices', { ...entered, ...filled })
    expect(again).toEqual({ status: 200, body })
  })

  it('has in its hours the tools that they say nothing of', async () => {
    const tools = { web_search_call: '0.01', file_search_call: '0.0025' }
    const night = { from: '22:00', until: '06:00', tools: { web_search_call: '0' } }
    const { body } = await client.post('/prices', price({ tools, hours: [night] }))
    const atNight = { ...tools, web_search_call: '0' }
    expect(body).toMatchObject({ tools, hours: [{ tools: atNight }] })
  })

  it('takes cached input as input, reasoning as output, and no price a call', async () => {
    const { body } = await client.post('/prices', price())
    expect(body).toMatchObject({ cached_input: '2.5', reasoning: '10', request: '0' })
  })

  it('is in force from now on unless it is dated', async () => {
    const before = Date.now()
    const { body } = await client.post('/prices', price())
    const from = Date.parse(body.effective_from as string)
    expect(from).toBeGreaterThan(before - 60_000)
    expect(from).toBeLessThan(Date.now() + 60_000)
  })

  it('answers 200 when the same price is entered again', async () => {
    const entered = price({ effective_from: SINCE })
    const first = await client.post('/prices', entered)
    const second = await client.post('/prices', { ...entered, input: '2.50', reasoning: '10' })
    expect([first.status, second.status]).toEqual([201, 200])
    expect(second.body).toEqual(first.body)
  })

  it('is shown with the date it is stored with, so that it can be entered again', async () => {
    const entered = price()
    const { body } = await client.post('/prices', entered)
    const again = { ...entered, effective_from: body.effective_from }
    expect(await client.post('/prices', again)).toEqual({ status: 200, body })
  })

  it('is made once of 20 concurrent calls', async () => {
    const entered = price({ effective_from: SINCE })
    const calls = Array.from({ length: 20 }, () => client.post('/prices', entered))
    const answers = await Promise.all(calls)
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(19).fill(200), 201])
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
  })

  it.each(['input', 'cached_input', 'output', 'reasoning', 'request'])(
    'is refused when %s contradicts the price of the same date',
    async (name) => {
      const entered = price({ effective_from: SINCE })
      await client.post('/prices', entered)
      const answer = await client.post('/prices', { ...entered, [name]: '99' })
      expect(refusal(answer)).toEqual([409, 'conflict', 'effective_from'])
    },
  )

  it('is another one from another date on', async () => {
    const entered = price({ effective_from: SINCE })
    await client.post('/prices', entered)
    const later = { ...entered, input: '3', effective_from: '2026-02-01T00:00:00Z' }
    expect((await client.post('/prices', later)).status).toBe(201)
  })

  it.each(['input', 'output'])('refuses to be without its %s', async (name) => {
    const answer = await client.post('/prices', price({ [name]: undefined }))
    expect(refusal(answer)).toEqual([400, 'missing_required_parameter', name])
  })

  it.each<[object, string]>([
    [{ input: 2.5 }, 'input'],
    [{ input: '-1' }, 'input'],
    [{ output: '1e3' }, 'output'],
    [{ cached_input: '0.0000000001' }, 'cached_input'],
    [{ reasoning: '1000000000' }, 'reasoning'],
    [{ request: null }, 'request'],
    [{ effective_from: 'now' }, 'effective_from'],
    [{ effective_from: '2026-02-30T00:00:00Z' }, 'effective_from'],
    [{ provider: '' }, 'provider'],
    [{ model: 'a\0' }, 'model'],
    [{ currency: 'EUR' }, 'currency'],
    [{ cache_write: 1 }, 'cache_write'],
    [{ output_audio: '-1' }, 'output_audio'],
    [{ tools: { web_search_call: 'x' } }, 'tools.web_search_call'],
    [{ steps: [{ above: 5, input: 'x' }] }, 'steps[0].input'],
    [{ steps: [{ above: 5 }, { above: 5 }] }, 'steps'],
    [{ hours: [{ from: '25:00', until: '01:00' }] }, 'hours[0].from'],
    [{ hours: [{ from: '01:00', until: '01:00' }] }, 'hours[0].until'],
    [{ steps: [{ above: 5 }], hours: [{ from: '01:00', until: '02:00' }] }, 'hours[0].steps'],
  ])('refuses %j, naming the field', async (fields, param) => {
    const answer = await client.post('/prices', price(fields))
    expect(refusal(answer)).toEqual([400, 'invalid_value', param])
  })
})

describe('the list of prices', () => {
  it('is filtered by provider and model', async () => {
    const model = randomUUID()
    const { body: mine } = await client.post('/prices', price({ model, provider: 'mine' }))
    const { body: theirs } = await client.post('/prices', price({ model, provider: 'theirs' }))
    const both = await client.get(`/prices?model=${model}`)
    expect(new Set(both.body.data.map(({ id }) => id))).toEqual(new Set([mine.id, theirs.id]))
    expect((await client.get('/prices?provider=mine')).body.data).toEqual([mine])
  })

  it('is read to its end through cursors, newest first', async () => {
    for (let i = 0; i < 5; i += 1) await client.post('/prices', price())
    const pages = await client.pages('/prices?limit=2')
    const rows = await admin.sql`select id from prices order by id desc`
    expect(pages.flat().map(({ id }) => id)).toEqual(rows.map(({ id }) => id))
  })

  it('refuses a malformed cursor', async () => {
    expect(refusal(await client.get('/prices?cursor=x'))).toEqual([400, 'invalid_value', 'cursor'])
  })
})

describe('a USD amount', () => {
  it('is written as it was read', () => {
    const amounts = fc.bigInt({ min: 0n, max: 999_999_999_999_999_999n })
    fc.assert(fc.property(amounts, (nanoUsd) => parseUsd(formatUsd(nanoUsd)) === nanoUsd))
  })
})
