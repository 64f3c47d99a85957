import { randomUUIDv7 } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientOf, NOBODY, refusal } from './client.ts'
import { type Admin, startAdmin } from './setup.ts'
import { hold, spend } from './spend.ts'

let admin: Admin
let client: ReturnType<typeof clientOf>
beforeAll(async () => {
  admin = await startAdmin()
  client = clientOf(admin)
})
afterAll(() => admin.close())

const adjust = (id: string, payload: object) =>
  client.post(`/accounts/${id}/adjustments`, { reference: 'ticket 1', reason: 'why', ...payload })

const postedOf = async (id: string) => (await client.get(`/accounts/${id}`)).body.posted

describe('an adjustment', () => {
  it.each([
    ['2.50', '12.5'],
    ['-2.5', '7.5'],
    ['-10', '0'],
  ])('of %s answers 201 with the account it changed', async (credits, posted) => {
    const account = await client.account({ credits: '10' })
    const { status, body } = await adjust(account.id, { credits })
    expect(status).toBe(201)
    expect(body).toEqual({
      account: { ...account, posted, available: posted },
      reference: 'ticket 1',
      credits: credits.replace('2.50', '2.5'),
      request_id: null,
      reason: 'why',
    })
  })

  it('stands in the ledger with its reference, its request and its reason', async () => {
    const { id } = await client.account({ credits: '10' })
    const request_id = await spend(admin.sql, id, 1_000_000n)
    await adjust(id, { credits: '0.5', request_id })
    const { body } = await client.get(`/accounts/${id}/ledger`)
    expect(body.data.map(({ created_at, ...entry }) => entry)).toEqual([
      {
        seq: 3,
        kind: 'adjustment',
        amount: '0.5',
        balance_after: '9.5',
        request_id,
        reference: 'ticket 1',
        reason: 'why',
      },
      expect.objectContaining({ kind: 'charge', request_id, reference: null, reason: null }),
      expect.objectContaining({ kind: 'grant', reference: 'initial', reason: null }),
    ])
  })

  it('stands in the story of its request, and what was charged stays', async () => {
    const { id } = await client.account({ credits: '10' })
    const request_id = await spend(admin.sql, id, 1_000_000n)
    const story = async () => (await client.get(`/requests/${request_id}`)).body
    expect(await story()).toMatchObject({ charged: '1', adjustments: [] })
    await adjust(id, { credits: '0.5', reference: 'a', request_id })
    await adjust(id, { credits: '-0.2', reference: 'b', request_id, reason: 'too much' })
    const created_at = expect.any(String)
    expect(await story()).toMatchObject({
      charged: '1',
      adjustments: [
        { credits: '0.5', reference: 'a', reason: 'why', created_at },
        { credits: '-0.2', reference: 'b', reason: 'too much', created_at },
      ],
    })
  })

  it('has no second effect when it is repeated, and keeps its first reason', async () => {
    const { id } = await client.account({ credits: '10' })
    const first = await adjust(id, { credits: '-4' })
    const second = await adjust(id, { credits: '-4.0', reason: 'another' })
    expect([first.status, second.status]).toEqual([201, 200])
    expect(second.body).toEqual(first.body)
  })

  it('may be repeated when nothing is left to take', async () => {
    const { id } = await client.account({ credits: '10' })
    await adjust(id, { credits: '-10' })
    expect((await adjust(id, { credits: '-10' })).status).toBe(200)
  })

  it('has one effect when 20 calls make it at once', async () => {
    const { id } = await client.account({ credits: '10' })
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => adjust(id, { credits: '-4' })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(19).fill(200), 201])
    expect(await postedOf(id)).toBe('6')
  })

  it('is refused when its reference was used with other credits or another request', async () => {
    const { id } = await client.account({ credits: '10' })
    const request_id = await spend(admin.sql, id, 1_000_000n)
    await adjust(id, { credits: '1' })
    const expected = [409, 'conflict', 'reference']
    expect(refusal(await adjust(id, { credits: '-1' }))).toEqual(expected)
    expect(refusal(await adjust(id, { credits: '1', request_id }))).toEqual(expected)
    expect(await postedOf(id)).toBe('10')
  })

  it('and a grant may have the same reference', async () => {
    const { id } = await client.account()
    const reference = 'invoice 1'
    const grant = await client.post(`/accounts/${id}/grants`, { credits: '1', reference })
    const adjustment = await adjust(id, { credits: '-1', reference })
    expect([grant.status, adjustment.status]).toEqual([201, 201])
  })
})

describe('an adjustment never takes', () => {
  it('more than is available, and says how much that is', async () => {
    const { id } = await client.account({ credits: '10' })
    await hold(admin.sql, id, 4_000_000n)
    const refused = await adjust(id, { credits: '-6.000001' })
    expect(refusal(refused)).toEqual([409, 'overdraft', 'credits'])
    expect(refused.body.error.message).toContain('6 credits')
    expect((await adjust(id, { credits: '-6' })).status).toBe(201)
    expect((await client.get(`/accounts/${id}`)).body).toMatchObject({
      posted: '4',
      available: '0',
    })
  })

  it('more than is available, when 20 calls try at once', async () => {
    const { id } = await client.account({ credits: '10' })
    const calls = Array.from({ length: 20 }, (_, index) =>
      adjust(id, { credits: '-3', reference: `ticket ${index}` }),
    )
    const statuses = (await Promise.all(calls)).map(({ status }) => status)
    expect(statuses.sort()).toEqual([...Array(3).fill(201), ...Array(17).fill(409)])
    expect(await postedOf(id)).toBe('1')
    expect((await client.get('/audit')).body.ok).toBe(true)
  })

  it('the balance beyond what the ledger can count', async () => {
    const { id } = await client.account()
    const most = '999999999999'
    for (let part = 0; part < 9; part += 1) {
      await adjust(id, { credits: most, reference: `part ${part}` })
    }
    const expected = [400, 'invalid_value', 'credits']
    expect(refusal(await adjust(id, { credits: most, reference: 'last' }))).toEqual(expected)
  })
})

describe('an adjustment is refused', () => {
  it('for a request that is not of the account, unknown, or still runs', async () => {
    const { id } = await client.account({ credits: '10' })
    const other = await client.account({ credits: '10' })
    const requests = [
      await spend(admin.sql, other.id, 1n),
      await hold(admin.sql, id, 1n),
      randomUUIDv7(),
      'acc_1',
    ]
    for (const request_id of requests) {
      const answer = await adjust(id, { credits: '1', request_id })
      expect(refusal(answer), request_id).toEqual([400, 'invalid_value', 'request_id'])
    }
    expect(await postedOf(id)).toBe('10')
  })

  it.each<[string, object, string]>([
    ['credits as a number', { credits: 5 }, 'credits'],
    ['no credits', { credits: '0' }, 'credits'],
    ['no credits with a minus', { credits: '-0.0' }, 'credits'],
    ['credits with a plus', { credits: '+5' }, 'credits'],
    ['credits left out', {}, 'credits'],
    ['less than -10^12 credits', { credits: '-999999999999999' }, 'credits'],
    ['no reference', { credits: '5', reference: undefined }, 'reference'],
    ['no reason', { credits: '5', reason: undefined }, 'reason'],
    ['an empty reason', { credits: '5', reason: '' }, 'reason'],
    ['an unknown field', { credits: '5', why: 'x' }, 'why'],
  ])('for %s, and names the field', async (_, payload, param) => {
    const { id } = await client.account({ credits: '10' })
    const [status, , at] = refusal(await adjust(id, payload))
    expect([status, at]).toEqual([400, param])
    expect(await postedOf(id)).toBe('10')
  })

  it.each([`acc_${NOBODY}`, 'acc_nobody', NOBODY])('for the account %s: 404', async (id) => {
    expect((await adjust(id, { credits: '1' })).status).toBe(404)
  })
})
