import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { adjust } from '../../src/store/adjustments.ts'
import { readBalance } from '../../src/store/balance.ts'
import { createTestDatabase } from '../harness/database.ts'
import { LedgerSql } from './ledger-sql.ts'
import { rowsRead } from './rows-read.ts'

const CHARGES = 5_000

/** Rows of all tables that a balance may read, were there ever so many charges. */
const ROWS = 40

let sql: postgres.Sql
beforeAll(async () => {
  const { url, sql: first } = await createTestDatabase()
  await first.end()
  sql = postgres(url, { max: 1 }) // what it read is told by its own session
})
afterAll(() => sql.end())

test('a balance is read without the charges of the account', async () => {
  const ledger = new LedgerSql(sql)
  const [id, other] = [await ledger.addAccount(), await ledger.addAccount()]
  for (const account of [id, other]) await ledger.grant(account, 'initial', 100_000n)
  await sql`
    with moved as (
      update accounts set seq = seq + ${CHARGES}, posted = posted - ${CHARGES} where id = ${id}
        returning seq, posted)
    insert into ledger (account_id, seq, kind, amount, balance_after, request_id)
      select ${id}::uuid, n + 1, 'charge', -1, 100000 - n, uuidv7()
      from moved, generate_series(1, ${CHARGES}::int) n`
  await sql`analyze`
  const db = drizzle(sql)
  const adjustment = { accountId: id, requestId: null, reason: 'a test' }
  await adjust(db, { ...adjustment, reference: 'more', credits: 500n })
  await adjust(db, { ...adjustment, reference: 'less', credits: -200n })
  const before = await rowsRead(sql)
  expect(await readBalance(db, id)).toEqual({ posted: 95_300n, held: 0n, granted: 100_300n })
  expect((await rowsRead(sql)) - before).toBeLessThan(ROWS)
})
