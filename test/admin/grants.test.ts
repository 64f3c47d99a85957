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

const grant = (id: string, credits: unknown, reference: unknown) =>
  client.post(`/accounts/${id}/grants`, { credits, reference })

describe('a grant', () => {
  it('answers 201 with the account it changed', async () => {
    const account = await client.account()
    const { status, body } = await grant(account.id, '10.250', 'invoice 1')
    expect(status).toBe(201)
    expect(body).toEqual({
      account: { ...account, posted: '10.25', available: '10.25' },
      reference: 'invoice 1',
      credits: '10.25',
    })
  })

  it('has no second effect when it is repeated', async () => {
    const { id } = await client.account()
    const first = await grant(id, '10', 'invoice 1')
    const second = await grant(id, '10.0', 'invoice 1')
    expect([first.status, second.status]).toEqual([201, 200])
    expect(second.body).toEqual(first.body)
  })

  it('has one effect when 20 calls make it at once', async () => {
    const { id } = await client.account()
    const answers = await Promise.all(Array.from({ length: 20 }, () => grant(id, '10', 'once')))
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(19).fill(200), 201])
    expect((await client.get(`/accounts/${id}`)).body.posted).toBe('10')
    expect((await client.get(`/accounts/${id}/ledger`)).body.data).toHaveLength(1)
  })

  it('is refused when its reference was used with other credits', async () => {
    const { id } = await client.account()
    await grant(id, '10', 'invoice 1')
    expect(refusal(await grant(id, '11', 'invoice 1'))).toEqual([409, 'conflict', 'reference'])
    expect((await client.get(`/accounts/${id}`)).body.posted).toBe('10')
  })

  it('keeps the references of two accounts apart', async () => {
    const [one, other] = [await client.account(), await client.account()]
    expect((await grant(one.id, '1', 'r')).status).toBe(201)
    expect((await grant(other.id, '2', 'r')).status).toBe(201)
  })

  it('takes the smallest and the largest amount', async () => {
    const { id } = await client.account()
    expect((await grant(id, '0.000001', 'least')).status).toBe(201)
    const { status, body } = await grant(id, '999999999999.999999', 'most')
    expect(status).toBe(201)
    expect(body.account).toMatchObject({ posted: '1000000000000' })
  })

  it('is refused when the balance would pass what the ledger can count', async () => {
    const { id } = await client.account()
    for (let i = 0; i < 9; i += 1) await grant(id, '999999999999', `part ${i}`)
    expect(refusal(await grant(id, '999999999999', 'last'))).toEqual([
      400,
      'invalid_value',
      'credits',
    ])
    expect((await client.get(`/accounts/${id}`)).body.posted).toBe('8999999999991')
    expect((await client.get('/audit')).body.ok).toBe(true)
  })

  it.each<[string, object, string]>([
    ['credits as a number', { credits: 5, reference: 'r' }, 'credits'],
    ['no credits', { credits: '0', reference: 'r' }, 'credits'],
    ['negative credits', { credits: '-5', reference: 'r' }, 'credits'],
    ['credits with an exponent', { credits: '1e3', reference: 'r' }, 'credits'],
    ['credits with a comma', { credits: '1,5', reference: 'r' }, 'credits'],
    ['credits in other digits', { credits: '٣', reference: 'r' }, 'credits'],
    ['empty credits', { credits: '', reference: 'r' }, 'credits'],
    ['credits left out', { reference: 'r' }, 'credits'],
    ['more than 10^12 credits', { credits: '1000000000000.000001', reference: 'r' }, 'credits'],
    ['no reference', { credits: '5' }, 'reference'],
    ['an empty reference', { credits: '5', reference: '' }, 'reference'],
    ['a reference of another type', { credits: '5', reference: null }, 'reference'],
    ['an unknown field', { credits: '5', reference: 'r', reason: 'x' }, 'reason'],
  ])('refuses %s, naming the field', async (_, payload, param) => {
    const { id } = await client.account()
    const answer = await client.post(`/accounts/${id}/grants`, payload)
    const code = param in payload ? 'invalid_value' : 'missing_required_parameter'
    expect(refusal(answer)).toEqual([400, code, param])
    expect((await client.get(`/accounts/${id}`)).body.posted).toBe('0')
  })
})
