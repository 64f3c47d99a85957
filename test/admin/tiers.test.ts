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

const PLAIN = {
  models: null,
  markup: '1',
  max_output_tokens: null,
  hold_output_tokens: null,
  requests_per_minute: null,
  tokens_per_minute: null,
  concurrency: null,
}

describe('a tier', () => {
  it('called default is there from the start', async () => {
    const { status, body } = await client.get('/tiers/default')
    expect([status, body]).toEqual([200, { name: 'default', ...PLAIN }])
  })

  it('is made and read', async () => {
    const settings = {
      models: ['gpt-*', 'a, "b" \\'],
      markup: '1.2',
      max_output_tokens: 1000,
      hold_output_tokens: 500,
      requests_per_minute: 60,
      tokens_per_minute: 1_000_000_000,
      concurrency: 3,
    }
    const tier = { name: 'gold', ...settings }
    expect(await client.put('/tiers/gold', settings)).toEqual({ status: 200, body: tier })
    expect(await client.get('/tiers/gold')).toEqual({ status: 200, body: tier })
    const [row] = await admin.sql`select markup_ppm::text from tiers where name = 'gold'`
    expect(row?.markup_ppm).toBe('1200000')
  })

  it('is replaced as a whole: what is left out is its default again', async () => {
    const limits = { max_output_tokens: 5, requests_per_minute: 6, tokens_per_minute: 7 }
    await client.put('/tiers/bronze', { models: ['a'], markup: '2', concurrency: 8, ...limits })
    expect((await client.put('/tiers/bronze', {})).body).toEqual({ name: 'bronze', ...PLAIN })
    const { markup: _, ...nulls } = PLAIN
    expect((await client.put('/tiers/bronze', nulls)).body).toEqual({ name: 'bronze', ...PLAIN })
  })

  it.each(['0', '0.000001', '1000'])('may have the markup %s', async (markup) => {
    expect((await client.put('/tiers/any', { markup })).body.markup).toBe(markup)
  })

  it.each<[object, string]>([
    [{ markup: 1.2 }, 'markup'],
    [{ markup: '-1' }, 'markup'],
    [{ markup: '1000.000001' }, 'markup'],
    [{ markup: '1.0000001' }, 'markup'],
    [{ markup: 'x' }, 'markup'],
    [{ max_output_tokens: 0 }, 'max_output_tokens'],
    [{ max_output_tokens: 1.5 }, 'max_output_tokens'],
    [{ max_output_tokens: '5' }, 'max_output_tokens'],
    [{ max_output_tokens: 2_147_483_648 }, 'max_output_tokens'],
    [{ hold_output_tokens: -1 }, 'hold_output_tokens'],
    [{ models: [null] }, 'models.0'],
    [{ requests_per_minute: 0 }, 'requests_per_minute'],
    [{ requests_per_minute: 1_000_001 }, 'requests_per_minute'],
    [{ requests_per_minute: '5' }, 'requests_per_minute'],
    [{ concurrency: 0.5 }, 'concurrency'],
    [{ tokens_per_minute: 0 }, 'tokens_per_minute'],
    [{ tokens_per_minute: 1_000_000_001 }, 'tokens_per_minute'],
    [{ tokens_per_minute: 1.5 }, 'tokens_per_minute'],
    [{ spend_limit: '5' }, 'spend_limit'],
  ])('refuses the settings %j, naming the field', async (settings, param) => {
    expect(refusal(await client.put('/tiers/bad', settings))).toEqual([400, 'invalid_value', param])
    expect((await client.get('/tiers/bad')).status).toBe(404)
  })

  it.each(['a%20b', 'a%2Fb', '%00', '-a', 'x'.repeat(65)])('can not be called %s', async (name) => {
    expect(refusal(await client.put(`/tiers/${name}`, {}))).toEqual([400, 'invalid_value', 'name'])
    expect(refusal(await client.get(`/tiers/${name}`))).toEqual([404, 'not_found', null])
    expect(refusal(await client.delete(`/tiers/${name}`))).toEqual([404, 'not_found', null])
  })

  it('is deleted once nobody has it', async () => {
    const { body: tier } = await client.put('/tiers/brief', {})
    const account = await client.account({ tier: 'brief' })
    expect(account.tier).toBe('brief')
    expect(refusal(await client.delete('/tiers/brief'))).toEqual([409, 'conflict', null])
    await client.patch(`/accounts/${account.id}`, { tier: 'default' })
    expect(await client.delete('/tiers/brief')).toEqual({ status: 200, body: tier })
    expect(refusal(await client.delete('/tiers/brief'))).toEqual([404, 'not_found', null])
  })

  it('called default can not be deleted, though nobody has it', async () => {
    await admin.sql`insert into tiers (name) values ('elsewhere')`
    await admin.sql`update accounts set tier = 'elsewhere'`
    expect(refusal(await client.delete('/tiers/default'))).toEqual([409, 'conflict', null])
  })
})

describe('the list of tiers', () => {
  it('is read to its end through cursors, by name', async () => {
    for (const name of ['t1', 't2', 't3', 't4']) await client.put(`/tiers/${name}`, {})
    const pages = await client.pages('/tiers?limit=2')
    const rows = await admin.sql`select name from tiers order by name`
    expect(pages.flat().map(({ name }) => name)).toEqual(rows.map(({ name }) => name))
    expect(pages.length).toBe(Math.ceil(rows.length / 2))
  })

  it('refuses a malformed cursor', async () => {
    const answer = await client.get('/tiers?cursor=AA') // a NUL
    expect(refusal(answer)).toEqual([400, 'invalid_value', 'cursor'])
  })
})
