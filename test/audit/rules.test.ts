import { randomUUIDv7 } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { toRow } from '../../src/store/request-record.ts'
import { hold, spend } from '../admin/spend.ts'
import { aRecord } from '../store/a-record.ts'
import { type Books, openBooks, type Planting, tamper } from './books.ts'

let books: Books
beforeAll(async () => {
  books = await openBooks()
})
afterAll(() => books.close())

type Busy = { id: string; request: string }

/** Grant 10 and charge 1 below the mark; then an open hold of 2, and a charge of 3 in `request`. */
async function busyAccount(): Promise<Busy> {
  const id = await books.account()
  await spend(books.sql, id, 1_000_000n)
  await books.pass()
  await hold(books.sql, id, 2_000_000n)
  const request = await spend(books.sql, id, 3_000_000n)
  return { id, request }
}

/** A record of 700 micro-credits, for a request that the ledger knows nothing about. */
const record =
  (id: string): Planting =>
  async (sql, account) => {
    const row = { id, account_id: account, record: toRow(aRecord()) }
    await sql`select record_v1(${JSON.stringify([row])}::text::json)`
    await sql`update requests set hold = 700, charged = 700 where id = ${id}`
  }

const UNKNOWN = randomUUIDv7()

test.each<[string, (request: string) => Planting, (request: string) => string[]]>([
  [
    'whose balance is not the sum of its ledger',
    () => (sql, id) => sql`update accounts set posted = posted + 5 where id = ${id}`,
    () => ['posted_is_ledger_sum: 6000005, not 6000000'],
  ],
  [
    'whose held credits no open hold explains',
    () => (sql, id) => sql`update accounts set held = held + 5 where id = ${id}`,
    () => ['held_is_open_holds: 2000005, not 2000000'],
  ],
  [
    'whose counter is ahead of its ledger',
    () => (sql, id) => sql`update accounts set seq = seq + 1 where id = ${id}`,
    () => ['seq_without_gap 3: 3, not 4'],
  ],
  [
    'whose counter was set back',
    () => (sql, id) => sql`update accounts set seq = 1 where id = ${id}`,
    () => ['seq_without_gap 3: 3, not 1'],
  ],
  [
    'with an entry that does not follow from the one before',
    () => (sql, id) =>
      sql`update ledger set balance_after = balance_after + 5 where account_id = ${id} and seq = 3`,
    () => ['balance_after_chains 3: 6000005, not 6000000'],
  ],
  [
    'that has lost an entry',
    () => (sql, id) => sql`delete from ledger where account_id = ${id} and seq = 3`,
    (request) => [
      'posted_is_ledger_sum: 6000000, not 9000000',
      `record_is_charged ${request}: nothing, not 3000000`,
      'seq_without_gap 2: 2, not 3',
    ],
  ],
  [
    'with a charge that has no record',
    (request) => (sql) => sql`delete from requests where id = ${request}`,
    (request) => [`charge_is_recorded ${request}: nothing, not 3000000`],
  ],
  [
    'with a charge whose record says another',
    (request) => (sql) => sql`update requests set charged = 1 where id = ${request}`,
    (request) => [`charge_is_recorded ${request}: 1, not 3000000`],
  ],
  [
    'with a record that was never charged',
    () => record(UNKNOWN),
    () => [`record_is_charged ${UNKNOWN}: nothing, not 700`],
  ],
])('one pass freezes an account %s', async (_, planting, expected) => {
  const other = await busyAccount()
  const { id, request } = await busyAccount()
  await tamper(books.sql, id, planting(request))
  const looks = await books.pass()
  expect(looks.filter((look) => look.isFrozen).map((look) => `acc_${look.accountId}`)).toEqual([id])
  expect(await books.keptOf(id)).toEqual(expected(request))
  expect(await books.statusOf(id)).toBe('frozen')
  expect(await books.keptOf(other.id)).toEqual([])
  expect(await books.statusOf(other.id)).toBe('active')
})

test('one pass freezes an account that has more held than posted', async () => {
  await books.sql`alter table accounts drop constraint accounts_no_overdraft`
  const { id } = await busyAccount()
  await tamper(books.sql, id, async (sql, account) => {
    await sql`update accounts set held = 7000000 where id = ${account}`
    await sql`update holds set amount = 7000000 where account_id = ${account}`
  })
  await books.pass()
  expect(await books.keptOf(id)).toEqual(['available_not_negative: -1000000, not 0'])
  expect(await books.statusOf(id)).toBe('frozen')
})

/** Writes a second charge of 3 for a request, with everything that belongs to it. */
const chargeAgain =
  (request: string): Planting =>
  async (sql, account) => {
    await sql`with moved as (
        update accounts set seq = seq + 1, posted = posted - 3000000 where id = ${account}
          returning *)
      insert into ledger (account_id, seq, kind, amount, balance_after, request_id, created_at)
        select id, seq, 'charge', -3000000, posted, ${request}, clock_timestamp() + interval '5 s'
        from moved`
  }

test.each([
  ['in one look', false],
  ['one look after the other', true],
])('one pass freezes an account with a request charged twice, %s', async (_, isApart) => {
  const { id, request } = await busyAccount()
  if (isApart) await books.pass()
  await tamper(books.sql, id, chargeAgain(request))
  await books.pass()
  expect(await books.keptOf(id)).toEqual([`charge_is_recorded ${request}: 3000000, not 6000000`])
  expect(await books.statusOf(id)).toBe('frozen')
})

test.each(['suspended', 'closed'])(
  'a violation of a %s account is kept, and no more',
  async (status) => {
    const { id } = await busyAccount()
    await books.sql`update accounts set status = ${status} where id = ${id.slice(4)}`
    await tamper(
      books.sql,
      id,
      (sql, account) => sql`update accounts set posted = posted + 5 where id = ${account}`,
    )
    await books.pass()
    expect(await books.keptOf(id)).toEqual(['posted_is_ledger_sum: 6000005, not 6000000'])
    expect(await books.statusOf(id)).toBe(status)
  },
)
