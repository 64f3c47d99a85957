import { randomUUIDv7 } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { toRow } from '../../src/store/request-record.ts'
import { hold, settle, spend } from '../admin/spend.ts'
import { aRecord } from '../store/a-record.ts'
import { type Books, openBooks, tamper } from './books.ts'

/** Entries below the mark in which a charge is looked up. */
const LOOK_BACK = 50_000

let books: Books
beforeAll(async () => {
  books = await openBooks()
})
afterAll(() => books.close())

type Late = { entry: bigint; recorded: bigint }

/** An entry that corrects the charge of a request, and the record with it. */
async function correct(account: string, request: string, { entry, recorded }: Late): Promise<void> {
  const [micro, more] = [String(entry), String(recorded)]
  await tamper(books.sql, account, async (sql, id) => {
    await sql`update requests set charged = charged + ${more}::bigint, hold = hold + 10000
      where id = ${request}`
    await sql`with moved as (
        update accounts set seq = seq + 1, posted = posted - ${micro}::bigint where id = ${id}
          returning *)
      insert into ledger (account_id, seq, kind, amount, balance_after, request_id)
        select id, seq, 'late_charge', -${micro}::bigint, posted, ${request} from moved`
  })
}

const CASES: [string, Late, boolean][] = [
  ['more than at first', { entry: 300n, recorded: 300n }, true],
  ['less than at first', { entry: -300n, recorded: -300n }, true],
  ['nothing in the end', { entry: -1_000n, recorded: -1_000n }, true],
  ['another sum than recorded', { entry: 300n, recorded: 200n }, false],
]

test.each(CASES)('a request may be charged late: %s', async (_, late, isRight) => {
  const expected = isRight ? 'active' : 'frozen'
  const [together, apart, inPieces] = [
    await books.account(),
    await books.account(),
    await books.account(),
  ]
  const first = await spend(books.sql, together, 1_000n)
  await correct(together, first, late)
  const second = await spend(books.sql, apart, 1_000n)
  await books.step([apart])
  await correct(apart, second, late)
  const third = await spend(books.sql, inPieces, 1_000n)
  await correct(inPieces, third, late)
  for (let piece = 0; piece < 4; piece += 1) await books.step([inPieces], { entriesMax: 1 })
  await books.pass()
  for (const id of [together, apart, inPieces]) {
    expect(await books.keptOf(id)).toHaveLength(isRight ? 0 : 1)
    expect(await books.statusOf(id)).toBe(expected)
  }
})

/** Entries of a long past, all of them in order. */
async function age(account: string, entries: number): Promise<void> {
  await books.sql`
    with moved as (
      update accounts set seq = seq + ${entries}, posted = posted + ${entries}
        where id = ${account.slice(4)} returning seq, posted)
    insert into ledger (account_id, seq, kind, amount, balance_after, reference)
      select ${account.slice(4)}::uuid, m.seq - ${entries}::int + n, 'adjustment', 1,
        m.posted - ${entries}::int + n, 'aged'
      from moved m, generate_series(1, ${entries}::int) n`
}

test('a late charge whose charge is too long ago to be looked up accuses nobody', async () => {
  const id = await books.account()
  const request = await spend(books.sql, id, 1_000n)
  await age(id, LOOK_BACK + 10)
  await books.step([id], { entriesMax: 2 * LOOK_BACK })
  await correct(id, request, { entry: 300n, recorded: 200n })
  await books.pass()
  expect(await books.keptOf(id)).toEqual([])
  const recent = await spend(books.sql, id, 1_000n)
  await books.pass()
  await correct(id, recent, { entry: 300n, recorded: 200n })
  await books.pass()
  expect(await books.keptOf(id)).toEqual([`charge_is_recorded ${recent}: 1200, not 1300`])
})

test('a record that was there before its charge accuses nobody', async () => {
  const id = await books.account()
  const request = randomUUIDv7()
  const row = { id: request, account_id: id.slice(4), record: toRow(aRecord()) }
  await books.sql`select record_v1(${JSON.stringify([row])}::text::json)`
  await new Promise((resolve) => setTimeout(resolve, 300))
  await hold(books.sql, id, 1_000n, request)
  await settle(books.sql, id, { id: request, cost: 1_000n })
  await books.pass()
  expect(await books.keptOf(id)).toEqual([])
})
