import { randomUUIDv7 } from 'node:crypto'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase } from '../harness/database.ts'
import { LedgerSql } from './ledger-sql.ts'
import { rowsRead } from './rows-read.ts'

const ACCOUNTS = 3_000
const BATCH = 20

/** Rows that a call may read for each of its own, of all tables together. */
const ROWS_EACH = 40

let sql: postgres.Sql
let ledger: LedgerSql
let own: { account: string; key: string }[]
beforeAll(async () => {
  const { url, sql: first } = await createTestDatabase()
  await first.end()
  sql = postgres(url, { max: 1 }) // what it read is told by its own session
  ledger = new LedgerSql(sql)
  await sql`insert into accounts (id, name, posted)
    select uuidv7(), 'one of many', 1000 from generate_series(1, ${ACCOUNTS})`
  await sql`insert into api_keys (id, account_id, hash, hint)
    select uuidv7(), id, sha256(id::text::bytea), '' from accounts`
  await sql`select limit_spend_v1(id, 1000, 'day') from api_keys`
  await sql`insert into token_buckets select id, 0, 0 from accounts`
  await sql`insert into rate_buckets select id, 0, 0 from accounts`
  own = await sql`select account_id as account, id as key from api_keys
    order by md5(id::text) limit ${BATCH}`
})
afterAll(() => sql.end())

test.for(['plans made on empty tables', 'plans made after analyze'])(
  'a batch reads its own rows, however many accounts there are: %s',
  async (plans) => {
    if (plans.endsWith('analyze')) await sql.unsafe('analyze; discard plans')
    for (let round = 0; round < 8; round += 1) {
      const limits = { accountRpm: 1_000_000n, accountTpm: 1_000_000n, keyConcurrency: 9n }
      const rows = own.map((ids) => ({
        ...ids,
        ...{ id: randomUUIDv7(), amount: 5n, minimum: 5n, tokens: 3n, limits, capped: true },
      }))
      const before = await rowsRead(sql)
      const held = await ledger.reserve(rows, false)
      expect(new Set([...held.values()].map(({ outcome }) => outcome))).toEqual(new Set(['held']))
      await ledger.extend(rows.map((row) => ({ ...row, amount: 6n })))
      const crashed = rows.map((row) => ({ ...row, cost: 7n, crashed: true }))
      expect((await ledger.settle(crashed)).size).toBe(BATCH)
      const late = rows.map((row) => ({ ...row, cost: 8n, tokens: 2n }))
      expect((await ledger.settle(late)).size).toBe(BATCH)
      expect((await rowsRead(sql)) - before).toBeLessThan(BATCH * ROWS_EACH)
    }
  },
)
