import { afterAll, beforeAll, expect, test } from 'vitest'
import { applyCorrection } from '../../src/correction/apply.ts'
import { reportCorrection } from '../../src/correction/report.ts'
import { adjust } from '../../src/store/adjustments.ts'
import { auditLedger } from '../../src/store/audit/audit.ts'
import { createAuditLane } from '../../src/store/audit/audit-step.ts'
import { booksOf, tamper } from '../audit/books.ts'
import { aRecord } from '../store/a-record.ts'
import { CREDIT, fresh, idAt, minute, openShop, type Shop, settle } from './repriced.ts'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
})
afterAll(() => shop.close())

const USD = 1_000_000_000n

/** 1,000 prompt tokens at so many USD a million cost as many credits, at 1,000 credits a USD. */
const PROMPT = 1_000
const MODEL = 'm'

/** Accounts that call a model whose price turns out to be another. */
async function market(usd: bigint | null) {
  const provider = fresh('provider')
  const price = (from: number, amount: bigint) =>
    shop.price(provider, MODEL, from, { input: amount * USD, output: 0n })
  if (usd !== null) await price(0, usd)
  const span = { provider, model: MODEL, since: minute(0), until: null }
  return {
    provider,
    price,
    call: (account: string, changes: Partial<Parameters<Shop['call']>[0]> = {}) =>
      shop.call({
        account,
        provider,
        model: MODEL,
        at: 5,
        prompt: PROMPT,
        completion: 0,
        ...changes,
      }),
    report: () => reportCorrection(shop.db, span),
    async correct(changes: { since?: Date; until?: Date } = {}) {
      const asked = { ...span, ...changes, reference: fresh('memo'), reason: 'why' }
      const answer = await applyCorrection(shop.db, asked)
      if (answer.outcome !== 'done') throw new Error(`it is ${answer.outcome}`)
      return answer.figures
    },
  }
}

/** In credits, of which all these tests have whole ones. */
const creditsOf = async (account: string) => Number((await shop.posted(account)) / CREDIT)

test('a model without a price is corrected from the fallback rate', async () => {
  const model = await market(null)
  const account = await shop.account(100n * CREDIT)
  await model.call(account)
  expect(await creditsOf(account)).toBe(90) // 10 credits per 1,000 tokens
  await model.price(0, 4n)
  const { totals } = await model.correct()
  expect(totals).toMatchObject({ requests: 1, accounts: 1, given: 6n * CREDIT, taken: 0n })
  expect(await creditsOf(account)).toBe(96)
})

test('a report tells what a correction does, and changes nothing', async () => {
  const model = await market(10n)
  const rich = await shop.account(100n * CREDIT)
  const poor = await shop.account(12n * CREDIT)
  await model.call(rich, { at: 1 })
  await model.call(rich, { at: 6 })
  await model.call(poor, { at: 6 })
  await model.price(1, 4n)
  await model.price(6, 15n)
  const before = await shop.entries([rich, poor])
  const report = await model.report()
  expect(report).toMatchObject({
    totals: { accounts: 2, requests: 3, charged: 30n * CREDIT, cost: 34n * CREDIT },
    largest: [
      { accountId: rich, given: 6n * CREDIT, due: 5n * CREDIT, taken: 5n * CREDIT },
      { accountId: poor, given: 0n, due: 5n * CREDIT, taken: 2n * CREDIT },
    ],
  })
  expect(await shop.entries([rich, poor])).toEqual(before)
  expect(await model.correct()).toEqual(report)
  expect([await creditsOf(rich), await creditsOf(poor)]).toEqual([81, 0])
})

test('each request has the markup that was pinned, or of old servers that of its tier', async () => {
  const model = await market(10n)
  const [pinned, old] = [await shop.account(100n * CREDIT), await shop.account(100n * CREDIT)]
  await model.call(pinned, { markupPpm: 1_500_000n })
  const request = await model.call(old, { markupPpm: 2_000_000n })
  await shop.sql`update requests set markup_ppm = null where id = ${request}`
  await shop.sql`insert into tiers (name, markup_ppm) values ('double', 2000000)`
  await shop.sql`update accounts set tier = 'double' where id = ${old}`
  await model.price(1, 20n)
  expect(await model.correct()).toMatchObject({ assumedMarkups: 1 })
  expect([await creditsOf(pinned), await creditsOf(old)]).toEqual([70, 60])
})

test('free, running, refused and right requests are not touched', async () => {
  const model = await market(10n)
  const account = await shop.account(100n * CREDIT)
  await model.call(account, { prompt: 0, record: { usageSource: null, outcome: 'upstream_error' } })
  await model.call(account, {
    record: { endpoint: '/proxy/v1/messages/count_tokens', priceId: null },
  })
  await model.price(2, 20n)
  await model.call(account, { at: 3 })
  const running = { id: idAt(minute(1)), account, amount: CREDIT, minimum: CREDIT }
  await shop.ledger.reserve([running], false)
  const before = await creditsOf(account)
  const { totals, leftAlone } = await model.correct()
  expect(totals).toMatchObject({ requests: 0, given: 0n, due: 0n })
  expect([leftAlone, await creditsOf(account)]).toEqual([0, before])
})

test('a crash is corrected by its recorded usage, and left alone without one', async () => {
  const model = await market(10n)
  const account = await shop.account(100n * CREDIT)
  const crashed = { outcome: 'crashed' as const, usageSource: 'estimated' as const }
  await model.call(account, { record: crashed })
  const unknown = { ...crashed, promptTokens: 0, completionTokens: 0 }
  const late = await model.call(account, { record: unknown })
  await model.price(1, 4n)
  const { totals, leftAlone } = await model.correct()
  expect([totals.requests, totals.given, leftAlone]).toEqual([1, 6n * CREDIT, 1])
  // Its result comes after all, at the price that was pinned: there is a usage now.
  const { provider } = model
  const record = aRecord({ provider, upstreamModel: MODEL, promptTokens: PROMPT })
  const final = { ...record, completionTokens: 0, markupPpm: '1000000' }
  await settle(shop.sql, { id: late, account, cost: 10n * CREDIT, record: final })
  expect((await model.correct()).totals.given).toBe(6n * CREDIT)
  expect(await creditsOf(account)).toBe(92)
})

test('what was uncollected is taken at the right cost, as far as it is available', async () => {
  const model = await market(10n)
  const account = await shop.account(7n * CREDIT)
  await model.call(account)
  expect(await creditsOf(account)).toBe(0) // 3 are uncollected
  await shop.ledger.grant(account, 'more', CREDIT)
  await model.price(1, 9n)
  const { totals } = await model.correct()
  expect([totals.due, totals.taken]).toEqual([2n * CREDIT, CREDIT])
  await shop.ledger.grant(account, 'still more', 10n * CREDIT)
  expect((await model.correct()).totals.taken).toBe(CREDIT)
  expect(await creditsOf(account)).toBe(9)
})

const ADJUSTED: [string, bigint, bigint, number][] = [
  ['part of what is given back was given before', 2n, 4n, 4],
  ['more than is given back was given before', 8n, 4n, 0],
  ['a gift is not taken back by a dearer price', 10n, 12n, -2],
  ['nor by the price that was right all along', 10n, 10n, 0],
  ['part of what is taken was taken before', -1n, 12n, -1],
  ['what was taken for another reason is not given back', -3n, 4n, 6],
]

test.each(ADJUSTED)('adjustments of a request: %s', async (_, adjusted, right, moved) => {
  const model = await market(10n)
  const account = await shop.account(100n * CREDIT)
  const requestId = await model.call(account)
  const credits = adjusted * CREDIT
  await adjust(shop.db, { accountId: account, reference: 'a', credits, requestId, reason: 'x' })
  const before = await creditsOf(account)
  await model.price(1, right)
  await model.correct()
  expect((await creditsOf(account)) - before).toBe(moved)
  await model.correct()
  expect((await creditsOf(account)) - before).toBe(moved)
})

test('only requests that began from the first time until before the last are corrected', async () => {
  const model = await market(10n)
  const account = await shop.account(100n * CREDIT)
  for (const at of [1, 2, 3, 4]) await model.call(account, { at })
  await model.price(1, 9n)
  expect((await model.correct({ since: minute(2), until: minute(4) })).totals.requests).toBe(2)
  expect(await creditsOf(account)).toBe(62)
})

test('a correction is no spending of a key', async () => {
  const model = await market(10n)
  const account = await shop.account(100n * CREDIT)
  const key = await shop.ledger.addKey(account)
  await shop.ledger.limitSpend(key, 50n * CREDIT, 'total')
  const id = idAt(minute(5))
  const hold = { id, account, key, amount: 10n * CREDIT, minimum: CREDIT, capped: true }
  await shop.ledger.reserve([hold], false)
  const { provider } = model
  const priced = { provider, upstreamModel: MODEL, keyId: key, promptTokens: PROMPT }
  const record = aRecord({ ...priced, completionTokens: 0 })
  await settle(shop.sql, { id, account, cost: 10n * CREDIT, record })
  const spent = async () =>
    (await shop.sql`select spent from key_spends where key_id = ${key}`)[0]?.spent
  expect(await spent()).toBe(String(10n * CREDIT))
  await model.price(1, 20n)
  expect((await model.correct()).totals.taken).toBe(10n * CREDIT)
  expect(await spent()).toBe(String(10n * CREDIT))
  await shop.ledger.limitSpend(key, 60n * CREDIT, 'total') // which counts anew
  expect(await spent()).toBe(String(10n * CREDIT))
})

test('both audits find corrected books in order, and a correction that was changed', async () => {
  const model = await market(10n)
  const account = await shop.account(100n * CREDIT)
  await model.call(account)
  const lane = createAuditLane(shop.url)
  const books = booksOf(shop.sql, lane)
  await books.pass()
  await model.price(1, 4n)
  await model.correct()
  await books.pass()
  const name = `acc_${account}`
  expect(await books.keptOf(name)).toEqual([])
  expect((await auditLedger(shop.sql)).violations).toEqual([])
  await model.price(2, 3n)
  await model.correct()
  await tamper(
    shop.sql,
    name,
    (sql, id) => sql`update ledger set amount = amount + 1
    where account_id = ${id} and kind = 'price_correction' and seq = 4`,
  )
  await books.pass()
  const rules = ['balance_after_chains', 'posted_is_ledger_sum']
  expect((await books.keptOf(name)).map((one) => one.split(/[ :]/)[0])).toEqual(rules)
  const { violations } = await auditLedger(shop.sql)
  expect(violations.map(({ rule }) => rule).sort()).toEqual([
    'balance_after_chains',
    'correction_is_recorded',
    'posted_is_ledger_sum',
  ])
  await lane.close()
})
