import { randomUUIDv7 } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { auditLedger } from '../../src/store/audit/audit.ts'
import { hold, spend } from '../admin/spend.ts'
import { type Books, openBooks, type Planting, tamper } from './books.ts'

let books: Books
beforeAll(async () => {
  books = await openBooks()
})
afterAll(() => books.close())

/** Grant 10 and charge 1 below the mark; then an open hold of 2, and a charge of 3 in `request`. */
async function busyAccount(): Promise<{ id: string; request: string }> {
  const id = await books.account()
  await spend(books.sql, id, 1_000_000n)
  await books.pass()
  await hold(books.sql, id, 2_000_000n)
  const request = await spend(books.sql, id, 3_000_000n)
  return { id, request }
}

/** What the audit of everything says of an account, as `rule subject: found, not expected`. */
async function foundIn(account: string): Promise<string[]> {
  const { violations } = await auditLedger(books.sql)
  return violations
    .filter(({ accountId }) => accountId === account.slice(4))
    .map(({ rule, subject, expected, found }) => {
      const about = subject === null ? '' : ` ${subject}`
      return `${rule}${about}: ${found ?? 'nothing'}, not ${expected}`
    })
    .sort()
}

const STRANGER = randomUUIDv7()

test.each<[string, Planting, (request: string) => string[]]>([
  [
    'whose open hold is gone',
    (sql, id) => sql`delete from holds where account_id = ${id}`,
    () => ['held_is_open_holds: 2000000, not 0'],
  ],
  [
    'with a hold that grew alone',
    (sql, id) => sql`update holds set amount = amount + 1 where account_id = ${id}`,
    () => ['held_is_open_holds: 2000000, not 2000001'],
  ],
  [
    'with a hold that nobody counted',
    (sql, id) => sql`
      insert into holds (id, account_id, key_id, instance_id, amount, terms)
        select ${randomUUIDv7()}, account_id, key_id, instance_id, 7, terms
        from holds where account_id = ${id}`,
    () => ['held_is_open_holds: 2000000, not 2000007'],
  ],
  [
    'with a gap in its ledger',
    (sql, id) => sql`update ledger set seq = 5 where account_id = ${id} and seq = 3`,
    () => ['seq_without_gap 5: 3, not 3'],
  ],
  [
    'with an entry of another amount',
    (sql, id) => sql`update ledger set amount = amount - 5 where account_id = ${id} and seq = 3`,
    (request) => [
      'balance_after_chains 3: 6000000, not 5999995',
      `charge_is_recorded ${request}: 3000000, not 3000005`,
      'posted_is_ledger_sum: 6000000, not 5999995',
    ],
  ],
  [
    'with a charge for the request of a stranger',
    (sql, id) => sql`update requests set account_id = ${STRANGER}
      where account_id = ${id} and charged = 3000000`,
    (request) => [`charge_is_recorded ${request}: nothing, not 3000000`],
  ],
])(
  'both audits name what is wrong with an account %s, and one alone is frozen',
  async (_, planting, expected) => {
    const other = await busyAccount()
    const { id, request } = await busyAccount()
    await tamper(books.sql, id, planting)
    const looks = await books.pass()
    expect(looks.filter((look) => look.isFrozen).map((look) => `acc_${look.accountId}`)).toEqual([
      id,
    ])
    expect(await books.keptOf(id)).toEqual(expected(request))
    expect(await foundIn(id)).toEqual(expected(request))
    expect([await books.keptOf(other.id), await foundIn(other.id)]).toEqual([[], []])
    expect(await books.statusOf(other.id)).toBe('active')
  },
)

test('both audits find a ledger that does not begin at nothing', async () => {
  const id = await books.account()
  await tamper(books.sql, id, async (sql, account) => {
    await sql`update ledger set balance_after = balance_after + 5 where account_id = ${account}`
  })
  await books.pass()
  const expected = ['balance_after_chains 1: 10000005, not 10000000']
  expect([await books.keptOf(id), await foundIn(id)]).toEqual([expected, expected])
})

/** An entry of a price correction, with everything that belongs to it in the account. */
const corrected: Planting = (sql, account) => sql`
  with moved as (
    update accounts set seq = seq + 1, posted = posted + 5 where id = ${account} returning *)
  insert into ledger (account_id, seq, kind, amount, balance_after, reference, request_id)
    select id, seq, 'price_correction', 5, posted, 'memo', ${randomUUIDv7()}::uuid from moved`

test.each<[string, Planting, string[]]>([
  ['that nobody has asked for', corrected, ['correction_is_recorded memo: 0, not 5']],
  [
    'that took another sum than it says',
    async (sql, account) => {
      await corrected(sql, account)
      await sql`insert into price_correction_accounts
        (reference, account_id, given) values ('memo', ${account}, 9)`
    },
    ['correction_is_recorded memo: 9, not 5'],
  ],
  [
    'whose entry is lost',
    (sql, account) => sql`insert into price_correction_accounts
      (reference, account_id, taken) values ('memo', ${account}, 9)`,
    ['correction_is_recorded memo: -9, not 0'],
  ],
])('the audit of everything finds a price correction %s', async (_, planting, expected) => {
  const id = await books.account()
  await tamper(books.sql, id, planting)
  await books.pass()
  expect(await books.keptOf(id)).toEqual([]) // it would have to read the whole ledger
  expect(await foundIn(id)).toEqual(expected)
})
