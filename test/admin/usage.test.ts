import { randomUUIDv7 } from 'node:crypto'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { type Body, clientOf, refusal } from './client.ts'
import { type Admin, startAdmin } from './setup.ts'
import { hold, settle, spend } from './spend.ts'

let admin: Admin
let client: ReturnType<typeof clientOf>
let account: Body
beforeEach(async () => {
  admin ??= await startAdmin()
  client = clientOf(admin)
  await admin.sql`truncate requests`
  account = await client.account({ credits: '1000000' })
})
afterAll(() => admin.close())

const CREDIT = 1_000_000n
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** The id of a request that began at a time. */
function idAt(time: string | number): string {
  const hex = new Date(time).getTime().toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}${randomUUIDv7().slice(13)}`
}

const spendAt = (time: string | number, micro = CREDIT, record = {}) =>
  spend(admin.sql, account.id, micro, record, idAt(time))

/** The groups of an answer with their number of requests. */
async function groups(query: string) {
  const { status, body } = await client.get(`/usage?${query}`)
  expect([status, body.next]).toEqual([200, null])
  return body.data.map(({ group, requests }) => [group, requests])
}

describe('usage', () => {
  it('is summed up exactly', async () => {
    const tokens = { promptTokens: 100, cachedTokens: 40, completionTokens: 7 }
    await spend(admin.sql, account.id, 1n, tokens)
    await spend(admin.sql, account.id, 250_000n, tokens)
    const poor = await client.account({ credits: '1' })
    const id = await hold(admin.sql, poor.id, CREDIT)
    await settle(admin.sql, poor.id, { id, cost: 1_500_000n, record: { promptTokens: 1 } })
    const sums = {
      requests: 3,
      prompt_tokens: 201,
      cached_tokens: 84,
      completion_tokens: 34,
      ...{ cache_write_tokens: 0, reasoning_tokens: 9, audio_tokens: 0, image_tokens: 0 },
      tool_calls: 0,
      charged: '1.250001',
      uncollected: '0.5',
      adjusted: '0',
    }
    expect((await client.get('/usage?group_by=model')).body).toEqual({
      data: [{ group: 'sandbox-echo', ...sums }],
      next: null,
      total: sums,
    })
  })

  it('has a total of all groups, also of those that one answer has no room for', async () => {
    const dear = await spend(admin.sql, account.id, 2n, { model: 'dear' })
    await admin.sql`
      insert into requests select (jsonb_populate_record(r, jsonb_build_object(
          'id', left(r.id::text, 24) || lpad(n::text, 12, '0'), 'model', n, 'charged', 1))).*
        from requests r, generate_series(1, 10000) n where r.id = ${dear}`
    const { body } = await client.get('/usage?group_by=model')
    expect(body.data).toHaveLength(10_000)
    expect(body.data[0]).toMatchObject({ group: 'dear', charged: '0.000002' })
    expect(body.total).toMatchObject({ requests: 10_001, charged: '0.010002' })
  })

  it('has the tokens of other classes and the calls of hosted tools', async () => {
    const { id } = await client.account({ credits: '10' })
    const usage = {
      ...{ promptTokens: 100, completionTokens: 50, cacheWriteTokens: 5 },
      ...{ inputAudioTokens: 3, outputAudioTokens: 2, outputImageTokens: 1 },
      toolCalls: { web_search_call: 2, file_search_call: 1 },
    }
    for (const more of [usage, usage, {}]) await spend(admin.sql, id, 1n, more)
    const { body } = await client.get('/usage?group_by=account')
    expect(body.data.find(({ group }) => group === id)).toMatchObject({
      ...{ requests: 3, cache_write_tokens: 10, audio_tokens: 10, image_tokens: 2, tool_calls: 6 },
    })
  })

  it('has what adjustments and price corrections have moved since, beside what was charged', async () => {
    const price = { provider: 'openai', model: 'dear', effective_from: '2020-01-01T00:00:00Z' }
    expect((await client.post('/prices', { ...price, input: '15', output: '0' })).status).toBe(201)
    const tokens = { promptTokens: 1_000, cachedTokens: 0, completionTokens: 0, reasoningTokens: 0 }
    const record = { ...tokens, model: 'dear', upstreamModel: 'dear' }
    const tooMuch = await spendAt(Date.now(), 20n * CREDIT, record)
    await spendAt(Date.now(), 13n * CREDIT, record)
    await spendAt(Date.now(), CREDIT)
    const refund = { credits: '0.5', reason: 'sorry', request_id: tooMuch, reference: 'ticket' }
    expect((await client.post(`/accounts/${account.id}/adjustments`, refund)).status).toBe(201)
    const span = { provider: 'openai', model: 'dear', from: '2020-01-01T00:00:00Z' }
    const memo = { ...span, reference: 'memo', reason: 'typo', apply: true }
    expect((await client.post('/corrections', memo)).body).toMatchObject({
      given: '4.5',
      taken: '2',
    })
    expect((await client.get('/usage?group_by=model')).body.data).toMatchObject([
      { group: 'dear', requests: 2, charged: '33', adjusted: '3' },
      { group: 'sandbox-echo', requests: 1, charged: '1', adjusted: '0' },
    ])
  })

  it('is exact beyond what a double can count', async () => {
    const rich = await client.account({ credits: '100000000000' })
    for (let i = 0; i < 2; i += 1) await spend(admin.sql, rich.id, 9_007_199_254_740_993n)
    const { body } = await client.get('/usage?group_by=account')
    const found = body.data.find(({ group }) => group === rich.id)
    expect(found).toMatchObject({ charged: '18014398509.481986' })
  })

  it('is nothing where nothing was used', async () => {
    const { body } = await client.get('/usage')
    expect(body).toMatchObject({ data: [], next: null, total: { requests: 0, charged: '0' } })
  })
})

describe('usage by group', () => {
  it('is by day, in order, when nothing else is said', async () => {
    const now = Date.now()
    for (const days of [0, 2, 1, 2]) await spendAt(now - days * DAY_MS)
    const day = (days: number) => new Date(now - days * DAY_MS).toISOString().slice(0, 10)
    const byDay = [
      [day(2), 2],
      [day(1), 1],
      [day(0), 1],
    ]
    expect(await groups('')).toEqual(byDay)
    expect(await groups('group_by=day')).toEqual(byDay)
  })

  it('counts a request to the day, in UTC, on which it began', async () => {
    await spendAt('2026-03-01T23:59:59.999Z')
    await spendAt('2026-03-02T00:00:00.000Z')
    await spendAt('2026-03-02T01:00:00.000+02:00')
    const march = 'since=2026-03-01T00:00:00Z&until=2026-04-01T00:00:00Z'
    expect(await groups(march)).toEqual([
      ['2026-03-01', 2],
      ['2026-03-02', 1],
    ])
    expect(await groups('since=2026-03-01T00:00:00Z&until=2026-03-02T00:00:00Z')).toEqual([
      ['2026-03-01', 2],
    ])
  })

  it('is by model, the dearest first, with a group for requests without one', async () => {
    await spend(admin.sql, account.id, 2n, { model: 'cheap' })
    await spend(admin.sql, account.id, 5n, { model: 'dear/a:b' })
    await spend(admin.sql, account.id, 1n, { model: 'cheap' })
    await spend(admin.sql, account.id, 1n, { model: null })
    expect(await groups('group_by=model')).toEqual([
      ['dear/a:b', 1],
      ['cheap', 2],
      ['', 1],
    ])
  })

  it('is by account', async () => {
    const other = await client.account({ credits: '5' })
    await spend(admin.sql, other.id, 3n)
    await spend(admin.sql, account.id, 2n)
    expect(await groups('group_by=account')).toEqual([
      [other.id, 1],
      [account.id, 1],
    ])
  })

  it('is by key', async () => {
    const [one, two] = [randomUUIDv7(), randomUUIDv7()]
    await spend(admin.sql, account.id, 1n, { keyId: one })
    await spend(admin.sql, account.id, 1n, { keyId: two })
    await spend(admin.sql, account.id, 1n, { keyId: two })
    expect(await groups('group_by=key')).toEqual([
      [`key_${two}`, 2],
      [`key_${one}`, 1],
    ])
  })
})

describe('usage in a time', () => {
  it('begins with since and ends before until, to the millisecond', async () => {
    const from = Date.parse('2026-05-05T10:00:00.123Z')
    for (const time of [from - 1, from, from + HOUR_MS - 1, from + HOUR_MS]) await spendAt(time)
    const count = async (since: number, until: number) => {
      const time = (ms: number) => encodeURIComponent(new Date(ms).toISOString())
      const [group] = await groups(`since=${time(since)}&until=${time(until)}`)
      return group?.[1]
    }
    expect(await count(from, from + HOUR_MS)).toBe(2)
    expect(await count(from - 1, from + HOUR_MS + 1)).toBe(4)
    expect(await count(from, from)).toBeUndefined()
    expect(await count(from + HOUR_MS, from)).toBeUndefined()
  })

  it('is that of the last 30 days, when nothing is said', async () => {
    const now = Date.now()
    await spendAt(now - 30 * DAY_MS - HOUR_MS)
    await spendAt(now - 30 * DAY_MS + HOUR_MS)
    await spendAt(now - 40 * DAY_MS)
    expect(await groups('group_by=account')).toEqual([[account.id, 1]])
    const until = encodeURIComponent(new Date(now - 30 * DAY_MS).toISOString())
    expect(await groups(`group_by=account&until=${until}`)).toEqual([[account.id, 2]])
  })

  it.each([
    ['group_by=hour', 'group_by'],
    ['group_by=', 'group_by'],
    ['since=yesterday', 'since'],
    ['since=2026-02-30', 'since'],
    ['until=12/01/2026', 'until'],
    ['until=1969-12-31T23:59:59Z', 'until'],
    ['since=10000-01-01T00:00:00Z', 'since'],
    ['from=2026-01-01T00:00:00Z', 'from'],
  ])('is refused for ?%s, naming the field', async (query, param) => {
    expect(refusal(await client.get(`/usage?${query}`))).toEqual([400, 'invalid_value', param])
  })
})
