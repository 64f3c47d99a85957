import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientOf, refusal } from './client.ts'
import { type Admin, startAdmin } from './setup.ts'
import { spend } from './spend.ts'

let admin: Admin
let client: ReturnType<typeof clientOf>
beforeAll(async () => {
  admin = await startAdmin()
  client = clientOf(admin)
})
afterAll(() => admin.close())

describe('the ledger of an account', () => {
  it('tells grants and charges, newest first', async () => {
    const { id } = await client.account({ credits: '10' })
    const request = await spend(admin.sql, id, 2_500_001n)
    const created_at = expect.stringMatching(/Z$/)
    const { status, body } = await client.get(`/accounts/${id}/ledger`)
    expect(status).toBe(200)
    expect(body).toEqual({
      data: [
        {
          seq: 2,
          kind: 'charge',
          amount: '-2.500001',
          balance_after: '7.499999',
          request_id: request,
          reference: null,
          reason: null,
          created_at,
        },
        {
          seq: 1,
          kind: 'grant',
          amount: '10',
          balance_after: '10',
          request_id: null,
          reference: 'initial',
          reason: null,
          created_at,
        },
      ],
      next: null,
    })
  })

  it('is read to its end through cursors while it grows', async () => {
    const { id } = await client.account({ credits: '10' })
    for (let i = 0; i < 4; i += 1) await spend(admin.sql, id, 1n)
    const first = await client.get(`/accounts/${id}/ledger?limit=2`)
    await spend(admin.sql, id, 1n)
    const second = await client.get(`/accounts/${id}/ledger?limit=2&cursor=${first.body.next}`)
    const third = await client.get(`/accounts/${id}/ledger?limit=2&cursor=${second.body.next}`)
    const seqs = [first, second, third].map(({ body }) => body.data.map(({ seq }) => seq))
    expect(seqs).toEqual([[5, 4], [3, 2], [1]])
    expect(third.body.next).toBeNull()
  })

  it.each([
    ['cursor=MA', 'cursor'], // 0
    ['cursor=LTE', 'cursor'], // -1
    ['cursor=MTI1MDAwMDAwMDAwMDAwMDAwMDAwMA', 'cursor'], // beyond int64
    ['cursor=MQ==', 'cursor'], // padded
    ['limit=1e2', 'limit'],
    ['kind=grant', 'kind'],
  ])('refuses ?%s, naming the field', async (query, param) => {
    const { id } = await client.account()
    const answer = await client.get(`/accounts/${id}/ledger?${query}`)
    expect(refusal(answer)).toEqual([400, 'invalid_value', param])
  })
})
