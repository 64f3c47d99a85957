import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientOf, refusal } from './client.ts'
import { type Admin, ENVIRONMENT, startAdmin } from './setup.ts'

let admin: Admin
let client: ReturnType<typeof clientOf>
beforeAll(async () => {
  admin = await startAdmin()
  client = clientOf(admin)
  for (const name of ['acme', 'beta', 'gamma']) {
    await client.put(`/providers/${name}`, { base_url: `https://${name}.example.com/v1` })
  }
})
afterAll(() => admin.close())

const route = (provider: string, upstream_model: string, priority = 0, weight = 1) => ({
  provider,
  upstream_model,
  priority,
  weight,
})

describe('the routes of a model', () => {
  it('are set and read, the first priority first', async () => {
    const routes = [route('beta', 'b/1', 1_000, 3), route('acme', 'a 2', 0, 1_000_000)]
    const { status, body } = await client.put('/models/fast', { routes })
    expect(status).toBe(200)
    expect(body.routes).toEqual(routes.toReversed())
    expect((await client.get('/models/fast')).body).toEqual(body)
    const list = (await client.get('/models')).body.data
    expect(list.find(({ name }) => name === 'fast')).toEqual(body)
    expect((await client.delete('/models/fast')).body).toEqual(body)
    expect(await admin.sql`select 1 from routes where model = 'fast'`).toHaveLength(0)
  })

  it('lead to the model of the same name, all alike, where nothing else is said', async () => {
    const name = 'meta-llama/llama-3.1:free'
    const { body } = await client.put(`/models/${name}`, { routes: [{ provider: 'acme' }] })
    expect(body.routes).toEqual([route('acme', name)])
    expect((await client.get(`/models/${encodeURIComponent(name)}`)).body).toEqual(body)
  })

  it('are replaced as a whole, with the limits', async () => {
    const first = { routes: [route('acme', 'a', 0, 5), route('beta', 'b')], context_window: 8_000 }
    await client.put('/models/m', first)
    const second = { routes: [route('acme', 'a', 1, 7), route('gamma', 'c')] }
    const { body } = await client.put('/models/m', second)
    expect(body.context_window).toBeNull()
    expect(body.routes).toEqual(second.routes.toReversed())
    expect((await client.put('/models/m', {})).body.routes).toEqual([])
    expect((await client.put('/models/m', { ...second, routes: [] })).body.routes).toEqual([])
  })

  it('are those of one of many who change them at once, never of two', async () => {
    const names = ['acme', 'beta', 'gamma']
    for (let round = 0; round < 10; round += 1) {
      const changes = Array.from({ length: 12 }, (_, at) => {
        const routes = [route(names[at % 3] as string, `r${round}-${at}`)]
        return client.put('/models/raced', { routes, context_window: at + 1 })
      })
      for (const { status } of await Promise.all(changes)) expect(status).toBe(200)
      const { body } = await client.get('/models/raced')
      const { context_window: at } = body as unknown as { context_window: number }
      expect(body.routes).toEqual([route(names[(at - 1) % 3] as string, `r${round}-${at - 1}`)])
    }
  })

  it('may lead to two models of one provider, and to one name at two providers', async () => {
    const routes = [route('acme', 'a'), route('acme', 'b'), route('beta', 'a')]
    expect((await client.put('/models/many', { routes })).body.routes).toEqual(routes)
  })

  it('may lead to the provider of the environment, by its name, beside others', async () => {
    const routes = [route(ENVIRONMENT, 'a', 0, 2), route('acme', 'a', 1)]
    expect((await client.put('/models/both', { routes })).body.routes).toEqual(routes)
    const turned = [route('acme', 'a'), route(ENVIRONMENT, 'a', 1)]
    expect((await client.put('/models/both', { routes: turned })).body.routes).toEqual(turned)
    const rows = await admin.sql`select source from routes where model = 'both' order by priority`
    expect(rows.map(({ source }) => source)).toEqual(['database', 'env'])
  })

  it('are written by a server before this version as ever, and kept from being orphans', async () => {
    await client.put('/models/older', {})
    const insert = (provider: string) => admin.sql`
      insert into routes (model, provider, upstream_model) values ('older', ${provider}, 'a')`
    await insert('gamma')
    expect((await client.get('/models/older')).body.routes).toEqual([route('gamma', 'a')])
    const broken = { constraint_name: 'routes_provider_providers_name_fk' }
    await expect(insert('nobody')).rejects.toMatchObject(broken)
    const orphaned = admin.sql`delete from providers where name = 'gamma'`
    await expect(orphaned).rejects.toMatchObject(broken)
  })

  it.each(['nobody', 'openai2', 'OpenAI', 'ACME'])('can not lead to %s', async (provider) => {
    await client.put('/models/stays', { routes: [route('acme', 'a')], context_window: 5 })
    const before = (await client.get('/models/stays')).body
    const answer = await client.put('/models/stays', { routes: [route(provider, 'a')] })
    expect(refusal(answer)).toEqual([400, 'invalid_value', 'routes'])
    expect((await client.get('/models/stays')).body).toEqual(before)
  })

  it.each<[string, object[]]>([
    ['twice', [route('acme', 'a'), route('acme', 'a', 1)]],
    ['by default and by name', [{ provider: 'acme' }, route('acme', 'bad')]],
  ])('can not lead to one model of one provider %s', async (_, routes) => {
    const answer = await client.put('/models/bad', { routes })
    expect(refusal(answer)).toEqual([400, 'invalid_value', 'routes'])
    expect((await client.get('/models/bad')).status).toBe(404)
  })

  it.each<[string, unknown, string]>([
    ['no list', { provider: 'acme' }, 'routes'],
    ['with an empty provider', [{ provider: '' }], 'routes.0.provider'],
    ['with an empty model', [{ provider: 'acme', upstream_model: '' }], 'routes.0.upstream_model'],
    ['of negative priority', [{ provider: 'acme', priority: -1 }], 'routes.0.priority'],
    ['of weight 0', [route('beta', 'b'), { provider: 'acme', weight: 0 }], 'routes.1.weight'],
    ['of half a weight', [{ provider: 'acme', weight: 0.5 }], 'routes.0.weight'],
    ['with a key', [{ provider: 'acme', api_key: 'x' }], 'routes.0.api_key'],
    ['more than 32', Array.from({ length: 33 }, (_, at) => route('acme', `${at}`)), 'routes'],
  ])('are refused when they are %s, naming what is wrong', async (_, routes, param) => {
    const answer = await client.put('/models/bad', { routes })
    expect(refusal(answer)).toEqual([400, 'invalid_value', param])
    expect((await client.get('/models/bad')).status).toBe(404)
  })

  it('name their provider, each', async () => {
    const answer = await client.put('/models/bad', { routes: [{ upstream_model: 'a' }] })
    expect(refusal(answer)).toEqual([400, 'missing_required_parameter', 'routes.0.provider'])
  })
})
