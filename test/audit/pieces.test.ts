import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { spend } from '../admin/spend.ts'
import { type Books, openBooks, type Planting, tamper } from './books.ts'

/** Entries of an account, of which a look reads so many. */
const ENTRIES = 12
const PIECE = { entriesMax: 5 }

let books: Books
beforeAll(async () => {
  books = await openBooks()
})
afterAll(() => books.close())

/** An account whose ledger needs three looks; the grant is its first entry. */
async function longAccount(): Promise<string> {
  const id = await books.account()
  for (let entry = 2; entry <= ENTRIES; entry += 1) await spend(books.sql, id, 1_000n)
  return id
}

async function lookUntilWhole(id: string): Promise<number> {
  for (let looks = 1; ; looks += 1) {
    const [look] = await books.step([id], PIECE)
    if (look?.isWhole) return looks
  }
}

describe('a ledger that is read in pieces', () => {
  test('is read to its end, and then on from there', async () => {
    const id = await longAccount()
    expect(await lookUntilWhole(id)).toBe(3)
    expect(await lookUntilWhole(id)).toBe(1)
    await spend(books.sql, id, 1_000n)
    expect(await lookUntilWhole(id)).toBe(1)
    expect(await books.keptOf(id)).toEqual([])
  })

  const AT = Array.from({ length: ENTRIES - 1 }, (_, index) => index + 2)
  const PLANTINGS: [string, string, (seq: number) => Planting][] = [
    [
      'a wrong balance after entry',
      'balance_after_chains',
      (seq) => (sql, id) =>
        sql`update ledger set balance_after = 1 where account_id = ${id} and seq = ${seq}`,
    ],
    [
      'a wrong amount of entry',
      'charge_is_recorded',
      (seq) => (sql, id) =>
        sql`update ledger set amount = -1001 where account_id = ${id} and seq = ${seq}`,
    ],
    [
      'the lack of entry',
      'seq_without_gap',
      (seq) => (sql, id) => sql`delete from ledger where account_id = ${id} and seq = ${seq}`,
    ],
    [
      'the lack of the record of entry',
      'charge_is_recorded',
      (seq) => (sql, id) =>
        sql`delete from requests where id =
          (select request_id from ledger where account_id = ${id} and seq = ${seq})`,
    ],
  ]
  test.each(PLANTINGS)('shows %s, whichever it is', async (_, rule, plantingAt) => {
    for (const seq of AT) {
      const id = await longAccount()
      await tamper(books.sql, id, plantingAt(seq))
      await lookUntilWhole(id)
      const rules = (await books.keptOf(id)).map((one) => one.split(/[ :]/)[0])
      expect(rules, `entry ${seq}`).toContain(rule)
      expect(await books.statusOf(id)).toBe('frozen')
    }
  })
})

test('a batch leaves accounts to the next one when they have too many new entries', async () => {
  const ids = [await longAccount(), await longAccount(), await longAccount()]
  const looked = async (accounts: string[], batchEntriesMax: number) =>
    (await books.step(accounts, { batchEntriesMax })).map((look) => `acc_${look.accountId}`)
  expect(await looked(ids, 2 * ENTRIES)).toEqual(ids.slice(0, 2))
  expect(await looked(ids, 2 * ENTRIES)).toEqual(ids)
  const big = await longAccount()
  expect(await looked([big], 1)).toEqual([big]) // or it would wait for ever
})

test('a pass looks at every account once, whatever a batch leaves to the next', async () => {
  const ids = await Promise.all(Array.from({ length: 7 }, longAccount))
  const looks = await books.pass({ accountsMax: 3, batchEntriesMax: ENTRIES })
  const seen = looks.map((look) => `acc_${look.accountId}`)
  const [row] = await books.sql`select count(*) as all from accounts`
  expect(new Set(seen).size).toBe(seen.length)
  expect(seen.length).toBe(Number(row?.all))
  expect(seen).toEqual(expect.arrayContaining(ids))
})
