import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientOf, refusal } from './client.ts'
import { type Admin, startAdmin } from './setup.ts'

let admin: Admin
let client: ReturnType<typeof clientOf>
beforeAll(async () => {
  admin = await startAdmin()
  client = clientOf(admin)
})
afterAll(() => admin.close())

describe('a model', () => {
  it.each(['gpt-5', 'meta-llama/llama-3.1:free', 'a/b/c', 'with space & ümlaut?', '100%'])(
    'called %s is made, read and deleted',
    async (name) => {
      const limits = { context_window: 128_000, max_output_tokens: 8_192, hold_output_tokens: 512 }
      const path = `/models/${encodeURI(name).replaceAll('?', '%3F').replace('&', '%26')}`
      const model = { name, ...limits, routes: [], created_at: expect.stringMatching(/Z$/) }
      expect(await client.put(path, limits)).toEqual({ status: 200, body: model })
      expect(await client.get(path)).toEqual({ status: 200, body: model })
      expect(await client.delete(path)).toEqual({ status: 200, body: model })
      expect(refusal(await client.get(path))).toEqual([404, 'not_found', null])
      expect(refusal(await client.delete(path))).toEqual([404, 'not_found', null])
    },
  )

  it('is the same with its slashes escaped', async () => {
    await client.put('/models/x%2Fy', {})
    expect((await client.get('/models/x/y')).body.name).toBe('x/y')
  })

  it('may have a name longer than a path parameter', async () => {
    const name = 'm'.repeat(256)
    expect((await client.put(`/models/${name}`, {})).body.name).toBe(name)
  })

  it('is replaced as a whole, but keeps when it was made', async () => {
    const first = await client.put('/models/m', { context_window: 5, max_output_tokens: 6 })
    const second = await client.put('/models/m', { max_output_tokens: 7, hold_output_tokens: null })
    const limits = { context_window: null, max_output_tokens: 7, hold_output_tokens: null }
    expect(second.body).toEqual({ ...first.body, ...limits })
  })

  it.each<[object, string]>([
    [{ context_window: '5' }, 'context_window'],
    [{ context_window: 0 }, 'context_window'],
    [{ max_output_tokens: 1e10 }, 'max_output_tokens'],
    [{ hold_output_tokens: 0.5 }, 'hold_output_tokens'],
    [{ tokens_per_minute: 5 }, 'tokens_per_minute'],
    [{ name: 'other' }, 'name'],
  ])('refuses the settings %j, naming the field', async (settings, param) => {
    const answer = await client.put('/models/bad', settings)
    expect(refusal(answer)).toEqual([400, 'invalid_value', param])
  })

  it.each(['', '%00', 'a%0Ab', 'x'.repeat(257)])('can not be called "%s"', async (name) => {
    const answer = await client.put(`/models/${name}`, {})
    expect(refusal(answer)).toEqual([400, 'invalid_value', 'name'])
    expect(refusal(await client.get(`/models/${name}`))).toEqual([404, 'not_found', null])
    expect(refusal(await client.delete(`/models/${name}`))).toEqual([404, 'not_found', null])
  })
})

describe('the list of models', () => {
  it('is read to its end through cursors, by name', async () => {
    for (const name of ['l/1', 'l/2', 'L/3', 'ü:4', 'z'])
      await client.put(`/models/${encodeURI(name)}`, {})
    const pages = await client.pages('/models?limit=2')
    const rows = await admin.sql`select name from models order by name`
    expect(pages.flat().map(({ name }) => name)).toEqual(rows.map(({ name }) => name))
  })

  it('refuses a malformed cursor', async () => {
    const answer = await client.get('/models?cursor=%25')
    expect(refusal(answer)).toEqual([400, 'invalid_value', 'cursor'])
  })
})
