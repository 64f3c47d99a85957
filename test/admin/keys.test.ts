import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createKeyHasher, isApiKey } from '../../src/secrets/api-key.ts'
import { type Body, clientOf, NOBODY, refusal, UUID_PATTERN } from './client.ts'
import { type Admin, SECRET, startAdmin } from './setup.ts'
import { uuidOf } from './spend.ts'

let admin: Admin
let client: ReturnType<typeof clientOf>
let account: Body
beforeAll(async () => {
  admin = await startAdmin()
  client = clientOf(admin)
  account = await client.account()
})
afterAll(() => admin.close())

const newKey = (fields: object = {}) => client.post(`/accounts/${account.id}/keys`, fields)

/** A key as the list of its account has it. */
async function listed({ id }: Body): Promise<Body | undefined> {
  const pages = await client.pages(`/accounts/${account.id}/keys?limit=200`)
  return pages.flat().find((key) => key.id === id)
}

describe('a new key', () => {
  it('is shown with its object', async () => {
    const { status, body } = await newKey({ name: 'laptop' })
    expect(status).toBe(201)
    expect(body).toEqual({
      id: expect.stringMatching(`^key_${UUID_PATTERN}$`),
      key: expect.stringMatching(/^tk_[0-9A-Za-z]{38}$/),
      name: 'laptop',
      hint: expect.stringMatching(/^tk_.{4}\.\.\..{4}$/),
      account_id: account.id,
      expires_at: null,
      revoked_at: null,
      models: null,
      requests_per_minute: null,
      tokens_per_minute: null,
      concurrency: null,
      spend_limit: null,
      spend_period: null,
      spent: null,
      created_at: expect.stringMatching(/Z$/),
    })
    expect(isApiKey(body.key as string)).toBe(true)
  })

  it('is stored as the hash under the newest secret, and nowhere in clear', async () => {
    const { body } = await newKey()
    const [row] = await admin.sql`select k::text as text, hash from api_keys k
      where id = ${uuidOf(body.id)}`
    const hash = createKeyHasher([SECRET])(body.key as string)[0]
    expect(row?.hash).toEqual(hash)
    expect(row?.text).not.toContain(body.key)
  })

  it('is never cached on its way', async () => {
    const { headers } = await admin.app.inject({
      method: 'POST',
      url: `/admin/accounts/${account.id}/keys`,
      headers: { authorization: `Bearer ${admin.token}` },
      payload: {},
    })
    expect(headers['cache-control']).toBe('no-store')
  })

  it('may expire and be limited to models', async () => {
    const models = ['gpt-5', 'meta/llama:free*', 'odd "name", \\ {x}', 'NULL']
    const { body } = await newKey({ expires_at: '2099-01-02T03:04:05.678+01:00', models })
    expect(body).toMatchObject({ expires_at: '2099-01-02T02:04:05.678Z', models })
    expect(await listed(body)).toMatchObject({ models })
  })

  it('may have limits of its own', async () => {
    const limits = { requests_per_minute: 1_000_000, tokens_per_minute: 5, concurrency: 1 }
    const { body } = await newKey(limits)
    expect(body).toMatchObject(limits)
    expect(await listed(body)).toMatchObject(limits)
  })

  it.each<[string, object, string]>([
    ['a spending limit as a number', { spend_limit: 5 }, 'spend_limit'],
    ['a negative spending limit', { spend_limit: '-1' }, 'spend_limit'],
    ['a spending limit that is none', { spend_limit: '' }, 'spend_limit'],
    ['a period alone', { spend_period: 'day' }, 'spend_period'],
    ['another period', { spend_limit: '5', spend_period: 'week' }, 'spend_period'],
    ['what it has spent', { spent: '5' }, 'spent'],
    ['0 tokens a minute', { tokens_per_minute: 0 }, 'tokens_per_minute'],
    ['more tokens than count', { tokens_per_minute: 1_000_000_001 }, 'tokens_per_minute'],
    ['0 requests a minute', { requests_per_minute: 0 }, 'requests_per_minute'],
    ['more requests than count', { requests_per_minute: 1_000_001 }, 'requests_per_minute'],
    ['a concurrency as text', { concurrency: '5' }, 'concurrency'],
    ['a key of its own', { key: 'tk_x' }, 'key'],
    ['an expiry that is no time', { expires_at: 'tomorrow' }, 'expires_at'],
    ['an expiry without a zone', { expires_at: '2099-01-01T00:00:00' }, 'expires_at'],
    ['an expiry on no day', { expires_at: '2099-02-30T00:00:00Z' }, 'expires_at'],
    ['a leap second', { expires_at: '2098-12-31T23:59:60Z' }, 'expires_at'],
    ['the year 0', { expires_at: '0000-01-01T00:00:00Z' }, 'expires_at'],
    ['the year 10000', { expires_at: '9999-12-31T23:59:59-10:00' }, 'expires_at'],
    ['models as text', { models: 'gpt-5' }, 'models'],
    ['an empty model', { models: [''] }, 'models.0'],
    ['a model of another type', { models: ['a', 5] }, 'models.1'],
  ])('refuses %s, naming the field', async (_, fields, param) => {
    expect(refusal(await newKey(fields))).toEqual([400, 'invalid_value', param])
  })
})

describe('the keys of an account', () => {
  it('are listed newest first, without key and hash', async () => {
    const { id } = await client.account()
    const made = []
    for (let i = 0; i < 5; i += 1) {
      const { body } = await client.post(`/accounts/${id}/keys`, { name: `key ${i}` })
      made.unshift(body)
    }
    const pages = await client.pages(`/accounts/${id}/keys?limit=2`)
    expect(pages.map((page) => page.length)).toEqual([2, 2, 1])
    // Keys made in one millisecond are in any order among themselves.
    const newestFirst = made.toSorted((a, b) => (a.id < b.id ? 1 : -1))
    expect(pages.flat()).toEqual(newestFirst.map(({ key: _, ...shown }) => shown))
  })

  it('are listed for their account only', async () => {
    const other = await client.account()
    await newKey()
    expect((await client.get(`/accounts/${other.id}/keys`)).body).toEqual({ data: [], next: null })
  })

  it.each([
    ['limit=x', 'limit'],
    ['cursor=x', 'cursor'],
    ['revoked=1', 'revoked'],
  ])('refuses ?%s, naming the field', async (query, param) => {
    const answer = await client.get(`/accounts/${account.id}/keys?${query}`)
    expect(refusal(answer)).toEqual([400, 'invalid_value', param])
  })
})

describe('a key', () => {
  it('changes what is named and keeps the rest', async () => {
    const { body } = await newKey({ name: 'a', expires_at: '2099-01-01T00:00:00Z', models: ['m'] })
    const { key: _, ...shown } = body
    const renamed = await client.patch(`/keys/${body.id}`, { name: 'b' })
    expect(renamed).toEqual({ status: 200, body: { ...shown, name: 'b' } })
    const freed = await client.patch(`/keys/${body.id}`, { expires_at: null, models: null })
    expect(freed.body).toMatchObject({ name: 'b', expires_at: null, models: null })
    const closed = await client.patch(`/keys/${body.id}`, {
      expires_at: '2020-01-01T00:00:00Z',
      models: [],
    })
    expect(closed.body).toMatchObject({ expires_at: '2020-01-01T00:00:00.000Z', models: [] })
  })

  it('changes one limit and keeps the other, and loses it by null', async () => {
    const { body } = await newKey({ requests_per_minute: 5, tokens_per_minute: 7, concurrency: 2 })
    const slower = await client.patch(`/keys/${body.id}`, { requests_per_minute: 4 })
    expect(slower.body).toMatchObject({ requests_per_minute: 4, concurrency: 2 })
    const freed = await client.patch(`/keys/${body.id}`, { requests_per_minute: null })
    expect(freed.body).toMatchObject({ requests_per_minute: null, concurrency: 2 })
    const limits = { tokens_per_minute: null, concurrency: null }
    const free = await client.patch(`/keys/${body.id}`, limits)
    expect(free.body).toMatchObject({ requests_per_minute: null, ...limits })
  })

  it('has a spending limit for good, where no period is named', async () => {
    const { body } = await newKey({ spend_limit: '5.5' })
    expect(body).toMatchObject({ spend_limit: '5.5', spend_period: 'total', spent: '0' })
    expect((await client.get(`/keys/${body.id}`)).body).toMatchObject({ spend_limit: '5.5' })
  })

  it('changes its spending limit and period one at a time, and loses both at once', async () => {
    const { body } = await newKey({ spend_limit: '5', spend_period: 'day' })
    expect(body).toMatchObject({ spend_limit: '5', spend_period: 'day', spent: '0' })
    const change = async (fields: object) =>
      (await client.patch(`/keys/${body.id}`, { name: 'a', ...fields })).body
    const period = { spend_period: 'month' }
    expect(await change({ spend_limit: '0' })).toMatchObject({ name: 'a', spend_limit: '0' })
    expect(await change(period)).toMatchObject({ spend_limit: '0', ...period })
    expect(await change({ spend_limit: '7' })).toMatchObject({ spend_limit: '7', ...period })
    const none = { spend_limit: null, spend_period: null }
    expect(await change({ spend_limit: null })).toMatchObject({ ...none, spent: null })
    expect(await change(none)).toMatchObject(none)
  })

  it.each<[object, string]>([
    [{ spend_limit: 'much' }, 'spend_limit'],
    [{ spend_period: 'month' }, 'spend_period'],
    [{ spend_limit: null, spend_period: 'month' }, 'spend_period'],
    [{ tokens_per_minute: -1 }, 'tokens_per_minute'],
    [{ requests_per_minute: -1 }, 'requests_per_minute'],
    [{ concurrency: 0 }, 'concurrency'],
    [{ expires_at: 0 }, 'expires_at'],
    [{ models: {} }, 'models'],
    [{ revoked_at: null }, 'revoked_at'],
  ])('refuses the change %j, naming the field', async (change, param) => {
    const { body } = await newKey()
    const answer = await client.patch(`/keys/${body.id}`, change)
    expect(refusal(answer)).toEqual([400, 'invalid_value', param])
  })

  it('refuses a change that names nothing', async () => {
    const { body } = await newKey()
    expect((await client.patch(`/keys/${body.id}`, {})).status).toBe(400)
  })

  it('is revoked once, however often it is asked for', async () => {
    const { body } = await newKey()
    const first = await client.delete(`/keys/${body.id}`)
    const second = await client.delete(`/keys/${body.id}`)
    expect(first.status).toBe(200)
    expect(first.body).toMatchObject({ id: body.id, revoked_at: expect.stringMatching(/Z$/) })
    expect(first.body).not.toHaveProperty('key')
    expect(second).toEqual(first)
  })

  it('is shown by its id, without the key itself', async () => {
    const { key, ...shown } = (await newKey({ name: 'shown' })).body
    expect(await client.get(`/keys/${shown.id}`)).toEqual({ status: 200, body: shown })
  })

  it.each([`key_${NOBODY}`, `acc_${NOBODY}`, 'key_1', NOBODY])(
    'with the id %s is not found',
    async (id) => {
      expect(refusal(await client.get(`/keys/${id}`))).toEqual([404, 'not_found', null])
      expect(refusal(await client.delete(`/keys/${id}`))).toEqual([404, 'not_found', null])
      const answer = await client.patch(`/keys/${id}`, { name: 'x' })
      expect(refusal(answer)).toEqual([404, 'not_found', null])
    },
  )
})
