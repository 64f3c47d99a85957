import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readCreditsPerUsd } from '../../src/store/settings.ts'
import { type Body, clientOf, refusal } from './client.ts'
import { type Admin, startAdmin } from './setup.ts'
import { spend } from './spend.ts'

let admin: Admin
let client: ReturnType<typeof clientOf>
beforeAll(async () => {
  admin = await startAdmin()
  client = clientOf(admin)
})
afterAll(() => admin.close())

const FROM = '2020-01-01T00:00:00.000Z'
let made = 0

/** An account with a request of 1,000 prompt tokens that was charged 10 of its 12 credits. */
async function mispriced(usd: string) {
  made += 1
  const model = `model ${made}`
  const account = await client.account({ credits: '12' })
  const usage = { promptTokens: 1_000, cachedTokens: 0, completionTokens: 0, reasoningTokens: 0 }
  const record = { provider: 'openai', upstreamModel: model, model, ...usage }
  const request = await spend(admin.sql, account.id, 10_000_000n, record)
  const price = { provider: 'openai', model, effective_from: FROM, input: usd, output: '0' }
  expect((await client.post('/prices', price)).status).toBe(201)
  const asked = { provider: 'openai', model, from: FROM, reference: `memo ${made}`, reason: 'typo' }
  return { account, request, asked }
}

const correct = (asked: object) => client.post('/corrections', asked)
const postedOf = async ({ id }: Body) => (await client.get(`/accounts/${id}`)).body.posted

describe('a price correction', () => {
  it('is a report unless it is applied', async () => {
    expect(await readCreditsPerUsd(admin.app.database.db)).toBe(1_000n)
    const { account, asked } = await mispriced('15')
    const sums = {
      requests: 1,
      charged: '10',
      cost: '15',
      given: '0',
      taken: '2',
      uncollected: '3',
    }
    const report = await correct(asked)
    expect(report).toEqual({
      status: 200,
      body: {
        ...{ state: 'report', provider: 'openai', model: asked.model, from: FROM, to: null },
        ...{ reference: asked.reference, reason: 'typo', accounts: 1, ...sums },
        ...{ left_alone: 0, assumed_markups: expect.any(Number) },
        largest: [{ account_id: account.id, ...sums }],
      },
    })
    const { reference: _, reason: __, ...span } = asked
    const unnamed = await correct({ ...span, apply: false })
    expect(unnamed.body).toEqual({ ...report.body, reference: null, reason: null })
    expect(await postedOf(account)).toBe('2')
  })

  it('gives back and takes, once a reference', async () => {
    const [cheaper, dearer] = [await mispriced('4'), await mispriced('11')]
    for (const { account, asked } of [cheaper, dearer]) {
      const first = await correct({ ...asked, apply: true })
      expect([first.status, first.body.state]).toEqual([201, 'done'])
      const again = await correct({ ...asked, apply: true, reason: 'in other words' })
      expect(again).toEqual({ status: 200, body: first.body })
      expect(await postedOf(account)).toBe(asked === cheaper.asked ? '8' : '1')
    }
    expect((await client.get('/audit')).body.ok).toBe(true)
  })

  it('stands in the ledger with its reference and its reason, and the request keeps its charge', async () => {
    const { account, request, asked } = await mispriced('4')
    await correct({ ...asked, apply: true })
    const { body } = await client.get(`/accounts/${account.id}/ledger?limit=1`)
    const { reference } = asked
    expect(body.data).toEqual([
      {
        ...{ seq: 3, kind: 'price_correction', amount: '6', balance_after: '8' },
        ...{ request_id: request, reference, reason: 'typo', created_at: expect.any(String) },
      },
    ])
    const story = await client.get(`/requests/${request}`)
    expect(story.body).toMatchObject({
      charged: '10',
      adjustments: [],
      price_corrections: [{ credits: '6', reference, reason: 'typo' }],
    })
  })

  it('is refused when its reference was used for another one', async () => {
    const { asked } = await mispriced('4')
    await correct({ ...asked, apply: true })
    for (const other of [{ to: '2020-02-01T00:00:00Z' }, { model: 'x' }, { provider: 'x' }]) {
      const answer = await correct({ ...asked, ...other, apply: true })
      expect(refusal(answer)).toEqual([409, 'conflict', 'reference'])
    }
    const later = await correct({ ...asked, from: '2020-01-02T00:00:00Z', apply: true })
    expect(refusal(later)).toEqual([409, 'conflict', 'reference'])
  })

  it.each<[string, object, string]>([
    ['no provider', { provider: undefined }, 'provider'],
    ['no model', { model: undefined }, 'model'],
    ['no beginning', { from: undefined }, 'from'],
    ['a beginning that is no time', { from: 'yesterday' }, 'from'],
    ['a beginning that is no day', { from: '2026-02-30' }, 'from'],
    ['an end before the beginning', { to: '2019-01-01T00:00:00Z' }, 'to'],
    ['no time at all between them', { to: FROM }, 'to'],
    ['no reference when it is applied', { reference: undefined, apply: true }, 'reference'],
    ['no reason when it is applied', { reason: undefined, apply: true }, 'reason'],
    ['apply as a text', { apply: 'true' }, 'apply'],
    ['an unknown field', { until: FROM }, 'until'],
  ])('is refused for %s, and names the field', async (_, changes, param) => {
    const asked = { provider: 'p', model: 'm', from: FROM, reference: 'r', reason: 'why' }
    const [status, , at] = refusal(await correct({ ...asked, ...changes }))
    expect([status, at]).toEqual([400, param])
  })

  it('of what nobody asked for corrects nothing', async () => {
    const asked = { provider: 'nobody', model: 'm', from: FROM, reference: 'none', reason: 'why' }
    const { status, body } = await correct({ ...asked, apply: true })
    expect(status).toBe(201)
    expect(body).toMatchObject({ state: 'done', requests: 0, accounts: 0, given: '0', largest: [] })
  })
})
