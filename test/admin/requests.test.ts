import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RequestRecord } from '../../src/store/request-record.ts'
import { type Body, clientOf, NOBODY, refusal } from './client.ts'
import { type Admin, startAdmin } from './setup.ts'
import { hold, settle, spend } from './spend.ts'

let admin: Admin
let client: ReturnType<typeof clientOf>
let account: Body
beforeAll(async () => {
  admin = await startAdmin()
  client = clientOf(admin)
  account = await client.account({ credits: '1000' })
})
afterAll(() => admin.close())

describe('a request', () => {
  it('that still runs is told with its hold and terms', async () => {
    const id = await hold(admin.sql, account.id, 1_500_000n)
    expect(await client.get(`/requests/${id}`)).toEqual({
      status: 200,
      body: {
        id,
        state: 'running',
        account_id: account.id,
        key_id: 'key_01900000-0000-7000-8000-00000000000a',
        hold: '1.5',
        metered: '0',
        model: 'sandbox-echo',
        provider: 'openai',
        created_at: expect.stringMatching(/Z$/),
      },
    })
  })

  it('that was charged is settled', async () => {
    const id = await hold(admin.sql, account.id, 1_500_000n)
    await settle(admin.sql, account.id, { id, cost: 250_000n })
    expect(await client.get(`/requests/${id}`)).toEqual({
      status: 200,
      body: {
        id,
        state: 'settled',
        account_id: account.id,
        key_id: 'key_01900000-0000-7000-8000-00000000000a',
        endpoint: '/v1/chat/completions',
        model: 'sandbox-echo',
        provider: 'openai',
        base_url: 'https://upstream.example/v1',
        upstream_model: 'sandbox-echo',
        stream: true,
        status: 200,
        outcome: 'completed',
        stage: 'ended',
        stages: { auth: 0 },
        attempts: [],
        slices: 0,
        error: null,
        ttft_ms: 12,
        duration_ms: 345,
        chunk_count: 6,
        completion_length: 78,
        prompt_tokens: 9,
        completion_tokens: 20,
        cached_tokens: 4,
        reasoning_tokens: 3,
        usage_source: 'reported',
        estimated_tokens: 21,
        usage_details: null,
        price_id: null,
        markup_ppm: '1000000',
        fallback_per_1000_tokens: null,
        hold: '1.5',
        charged: '0.25',
        uncollected: '0',
        created_at: expect.stringMatching(/Z$/),
        adjustments: [],
        price_corrections: [],
      },
    })
  })

  it('that was charged nothing is released, and tells what failed', async () => {
    const id = await hold(admin.sql, account.id, 1n)
    const error = { message: 'connect ECONNREFUSED', stack: 'Error: ...', causes: ['socket'] }
    const record = {
      outcome: 'upstream_error',
      status: 502,
      errorCode: 'upstream_error',
      error,
    } as const
    await settle(admin.sql, account.id, { id, cost: 0n, record })
    const { body } = await client.get(`/requests/${id}`)
    expect(body).toMatchObject({ state: 'released', status: 502, charged: '0' })
    expect(body.error).toEqual({ code: 'upstream_error', ...error })
  })

  it('tells in which stage it ended, when it entered each, and every attempt', async () => {
    const id = await hold(admin.sql, account.id, 1n)
    const provider = {
      provider: 'acme',
      baseUrl: 'https://acme.example/v1',
      upstreamModel: 'large',
    }
    const record: Partial<RequestRecord> = {
      stage: 'upstream',
      stages: { auth: 0, body: 1, tier: 2, credit: 2, upstream: 9 },
      slices: 3,
      attempts: [
        { ...provider, status: 503, errorCode: 'upstream_error', durationMs: 20 },
        { ...provider, status: null, errorCode: 'upstream_timeout', durationMs: 5_000 },
      ],
    }
    await settle(admin.sql, account.id, { id, cost: 0n, record })
    const shown = { provider: 'acme', base_url: 'https://acme.example/v1', upstream_model: 'large' }
    expect((await client.get(`/requests/${id}`)).body).toMatchObject({
      stage: 'upstream',
      stages: { auth: 0, body: 1, tier: 2, credit: 2, upstream: 9 },
      slices: 3,
      attempts: [
        { ...shown, status: 503, error_code: 'upstream_error', duration_ms: 20 },
        { ...shown, status: null, error_code: 'upstream_timeout', duration_ms: 5_000 },
      ],
    })
  })

  it.each([NOBODY, 'x', `acc_${NOBODY}`, '%00'])('with the id %s is not found', async (id) => {
    expect(refusal(await client.get(`/requests/${id}`))).toEqual([404, 'not_found', null])
  })
})

describe('the list of requests', () => {
  it('is filtered by account, key, model and outcome', async () => {
    const other = await client.account({ credits: '5' })
    const keyId = (await client.post(`/accounts/${other.id}/keys`, {})).body.id.slice(4)
    const one = await spend(admin.sql, other.id, 1n, { model: 'one/a:b' })
    const two = await spend(admin.sql, other.id, 1n, { keyId, outcome: 'client_gone' })
    const ids = async (query: string) => {
      const { body } = await client.get(`/requests?${query}`)
      return new Set(body.data.map(({ id }) => id))
    }
    expect(await ids(`account_id=${other.id}`)).toEqual(new Set([one, two]))
    expect(await ids(`key_id=key_${keyId}`)).toEqual(new Set([two]))
    expect(await ids('model=one/a:b')).toEqual(new Set([one]))
    expect(await ids('outcome=client_gone')).toEqual(new Set([two]))
    expect(await ids(`account_id=${other.id}&outcome=completed`)).toEqual(new Set([one]))
    expect(await ids('outcome=crashed')).toEqual(new Set())
    expect(await ids(`account_id=${account.id}&key_id=key_${keyId}`)).toEqual(new Set())
  })

  it('is read to its end through cursors while it is filtered', async () => {
    const { id } = await client.account({ credits: '5' })
    const wanted: string[] = []
    for (const model of ['x', 'y', 'x', 'y', 'x']) {
      const request = await spend(admin.sql, id, 1n, { model })
      if (model === 'x') wanted.push(request)
    }
    const pages = await client.pages(`/requests?limit=2&account_id=${id}&model=x`)
    expect(pages.map((page) => page.length)).toEqual([2, 1])
    expect(pages.flat().map((one) => one.id)).toEqual(wanted.toSorted().toReversed())
  })

  it('is read to its end through cursors, newest first', async () => {
    const { id } = await client.account({ credits: '5' })
    for (let i = 0; i < 5; i += 1) await spend(admin.sql, id, 1n)
    const pages = await client.pages(`/requests?limit=2&account_id=${id}`)
    expect(pages.map((page) => page.length)).toEqual([2, 2, 1])
    const ids = pages.flat().map((request) => request.id)
    expect(ids).toEqual([...new Set(ids)].toSorted().toReversed())
  })

  it.each([
    ['account_id=acc_1', 'account_id'],
    [`account_id=key_${NOBODY}`, 'account_id'],
    [`key_id=${NOBODY}`, 'key_id'],
    ['outcome=fine', 'outcome'],
    ['model=', 'model'],
    ['cursor=x', 'cursor'],
    ['limit=1000', 'limit'],
    ['status=200', 'status'],
  ])('refuses ?%s, naming the field', async (query, param) => {
    const answer = await client.get(`/requests?${query}`)
    expect(refusal(answer)).toEqual([400, 'invalid_value', param])
  })
})
