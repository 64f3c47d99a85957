import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientOf, NOBODY, refusal, UUID_PATTERN } from './client.ts'
import { type Admin, startAdmin } from './setup.ts'
import { hold, uuidOf } from './spend.ts'

let admin: Admin
let client: ReturnType<typeof clientOf>
beforeAll(async () => {
  admin = await startAdmin()
  client = clientOf(admin)
})
afterAll(() => admin.close())

describe('opening an account', () => {
  it('answers 201 with the account', async () => {
    const { status, body } = await client.post('/accounts', { name: 'Ada' })
    expect(status).toBe(201)
    expect(body).toEqual({
      id: expect.stringMatching(`^acc_${UUID_PATTERN}$`),
      name: 'Ada',
      external_id: null,
      tier: 'default',
      status: 'active',
      posted: '0',
      held: '0',
      available: '0',
      created_at: expect.stringMatching(/^20\d\d-.*Z$/),
    })
  })

  it('grants the initial credits under the reference initial', async () => {
    const account = await client.account({ credits: '12.5' })
    expect(account).toMatchObject({ posted: '12.5', held: '0', available: '12.5' })
    const { body } = await client.get(`/accounts/${account.id}/ledger`)
    expect(body.data).toMatchObject([
      { seq: 1, kind: 'grant', amount: '12.5', reference: 'initial' },
    ])
    const again = { credits: '12.5', reference: 'initial' }
    expect((await client.post(`/accounts/${account.id}/grants`, again)).status).toBe(200)
  })

  it('takes credits of 0 for no grant', async () => {
    const account = await client.account({ credits: '0' })
    expect((await client.get(`/accounts/${account.id}/ledger`)).body.data).toEqual([])
  })

  it('answers 200 with the same account, granted once, for the same external id', async () => {
    const first = await client.post('/accounts', { name: 'Ada', external_id: 'u1', credits: '5' })
    const second = await client.post('/accounts', { name: 'Eve', external_id: 'u1', credits: '7' })
    expect([first.status, second.status]).toEqual([201, 200])
    expect(second.body).toEqual(first.body)
    expect((await client.get(`/accounts/${first.body.id}`)).body.posted).toBe('5')
  })

  it('makes one account and one grant of 20 concurrent calls with one external id', async () => {
    const payload = { name: 'Racer', external_id: 'race', credits: '3' }
    const calls = Array.from({ length: 20 }, () => client.post('/accounts', payload))
    const answers = await Promise.all(calls)
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(19).fill(200), 201])
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
    expect(answers.map(({ body }) => body.posted)).toEqual(Array(20).fill('3'))
    expect((await client.get('/accounts?external_id=race')).body.data).toHaveLength(1)
  })

  it('keeps names in any script', async () => {
    const name = `Æsop's "Kräutergarten", 株式会社 \\ {👩‍👩‍👧}`
    const account = await client.account({ name, external_id: name })
    expect(account).toMatchObject({ name, external_id: name })
    const found = await client.get(`/accounts?external_id=${encodeURIComponent(name)}`)
    expect(found.body.data).toEqual([account])
  })

  it.each<[string, object, string, string]>([
    ['no name', {}, 'missing_required_parameter', 'name'],
    ['an empty name', { name: '' }, 'invalid_value', 'name'],
    ['a name of another type', { name: 7 }, 'invalid_value', 'name'],
    ['a NUL in the name', { name: 'a\0b' }, 'invalid_value', 'name'],
    ['half a surrogate pair', { name: 'a\ud800b' }, 'invalid_value', 'name'],
    ['a name that is too long', { name: 'x'.repeat(257) }, 'invalid_value', 'name'],
    ['an unknown tier', { name: 'x', tier: 'gold' }, 'invalid_value', 'tier'],
    ['an unknown field', { name: 'x', balance: '5' }, 'invalid_value', 'balance'],
    ['credits as a number', { name: 'x', credits: 5 }, 'invalid_value', 'credits'],
    ['credits that are no number', { name: 'x', credits: '5e3' }, 'invalid_value', 'credits'],
    ['negative credits', { name: 'x', credits: '-1' }, 'invalid_value', 'credits'],
    ['too many credits', { name: 'x', credits: '1000000000001' }, 'invalid_value', 'credits'],
    ['7 decimals', { name: 'x', credits: '0.0000001' }, 'invalid_value', 'credits'],
    ['an empty external id', { name: 'x', external_id: '' }, 'invalid_value', 'external_id'],
  ])('refuses %s, naming the field', async (_, payload, code, param) => {
    const before = await admin.sql`select count(*) from accounts`
    expect(refusal(await client.post('/accounts', payload))).toEqual([400, code, param])
    expect(await admin.sql`select count(*) from accounts`).toEqual(before)
  })
})

describe('an account', () => {
  it('is read with what running requests hold', async () => {
    const { id } = await client.account({ credits: '10' })
    await hold(admin.sql, id, 2_500_000n)
    const { status, body } = await client.get(`/accounts/${id}`)
    expect(status).toBe(200)
    expect(body).toMatchObject({ id, posted: '10', held: '2.5', available: '7.5' })
  })

  it('changes its name, tier and status', async () => {
    await client.put('/tiers/silver', {})
    const { id } = await client.account()
    const change = { name: 'New name', tier: 'silver', status: 'suspended' }
    const { status, body } = await client.patch(`/accounts/${id}`, change)
    expect(status).toBe(200)
    expect(body).toMatchObject(change)
    await client.patch(`/accounts/${id}`, { status: 'active' })
    const now = await client.get(`/accounts/${id}`)
    expect(now.body).toMatchObject({ ...change, status: 'active' })
  })

  it.each<[string, object, string]>([
    ['nothing', {}, ''],
    ['an unknown status', { status: 'asleep' }, 'status'],
    ['an unknown tier', { tier: 'gold' }, 'tier'],
    ['no name', { name: null }, 'name'],
    ['another balance', { posted: '5' }, 'posted'],
    ['another external id', { external_id: 'u2' }, 'external_id'],
  ])('can not be changed to %s', async (_, change, param) => {
    const account = await client.account()
    const answer = await client.patch(`/accounts/${account.id}`, change)
    expect([answer.status, answer.body.error.code]).toEqual([400, 'invalid_value'])
    expect(answer.body.error.param ?? '').toBe(param)
    expect((await client.get(`/accounts/${account.id}`)).body).toEqual(account)
  })

  it.each([
    `acc_${NOBODY}`,
    `key_${NOBODY}`,
    NOBODY,
    'acc_1',
    `acc_${NOBODY}0`,
    '%00',
    `acc_${NOBODY.toUpperCase().replace('0190', 'ABCD')}`,
  ])('with the id %s is not found', async (id) => {
    const answers = await Promise.all([
      client.get(`/accounts/${id}`),
      client.patch(`/accounts/${id}`, { name: 'x' }),
      client.get(`/accounts/${id}/keys`),
      client.post(`/accounts/${id}/keys`, {}),
      client.post(`/accounts/${id}/grants`, { credits: '1', reference: 'x' }),
      client.get(`/accounts/${id}/ledger`),
    ])
    for (const answer of answers) expect(refusal(answer)).toEqual([404, 'not_found', null])
  })
})

describe('the list of accounts', () => {
  it('is filtered by external id and by status', async () => {
    const external_id = randomUUID()
    const account = await client.account({ external_id })
    expect((await client.get(`/accounts?external_id=${external_id}`)).body.data).toEqual([account])
    expect((await client.get('/accounts?external_id=nobody')).body).toEqual({
      data: [],
      next: null,
    })
    await client.patch(`/accounts/${account.id}`, { status: 'closed' })
    const { body } = await client.get('/accounts?status=closed')
    expect(body.data.map(({ id }) => id)).toEqual([account.id])
  })

  it('is read to its end through cursors, newest first, each account once', async () => {
    for (let i = 0; i < 7; i += 1) await client.account()
    const pages = await client.pages('/accounts?limit=3')
    const ids = pages.flat().map(({ id }) => id)
    const rows = await admin.sql`select 'acc_' || id as id from accounts order by id desc`
    expect(ids).toEqual(rows.map(({ id }) => id))
    expect(pages.slice(0, -1).every((page) => page.length === 3)).toBe(true)
  })

  it('ends with a full page when nothing follows it', async () => {
    await client.account()
    const [row] = await admin.sql`select count(*)::int as accounts from accounts`
    const { body } = await client.get(`/accounts?limit=${row?.accounts}`)
    expect(body.next).toBeNull()
  })

  it('has 50 accounts a page unless told otherwise', async () => {
    await Promise.all(Array.from({ length: 51 }, () => client.account()))
    const { body } = await client.get('/accounts')
    expect(body.data).toHaveLength(50)
    expect(body.next).toMatch(/^[A-Za-z0-9_-]+$/)
  })

  it.each([
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['limit=-1', 'limit'],
    ['limit=1.5', 'limit'],
    ['limit=', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['cursor=', 'cursor'],
    ['cursor=%21', 'cursor'],
    ['cursor=bm90IGFuIGlk', 'cursor'],
    [`cursor=${Buffer.from('7').toString('base64url')}`, 'cursor'],
    ['status=asleep', 'status'],
    ['external_id=a%00b', 'external_id'],
    ['tier=default', 'tier'],
  ])('refuses ?%s, naming the field', async (query, param) => {
    const answer = await client.get(`/accounts?${query}`)
    expect([answer.status, answer.body.error.code]).toEqual([400, 'invalid_value'])
    expect(answer.body.error.param).toContain(param)
  })
})

describe('an identifier', () => {
  it('is that of the row', async () => {
    const { id } = await client.account()
    expect(await admin.sql`select 1 from accounts where id = ${uuidOf(id)}`).toHaveLength(1)
  })
})
