import { randomUUIDv7 } from 'node:crypto'
import type postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase } from '../harness/database.ts'
import { LedgerSql } from '../store/ledger-sql.ts'

let sql: postgres.Sql
let ledger: LedgerSql
beforeAll(async () => {
  sql = (await createTestDatabase()).sql
  ledger = new LedgerSql(sql)
})
afterAll(() => sql.end())

/** Holds of a key with a limit of 100, on an account with 1,000. */
async function holdsOf(...amounts: bigint[]) {
  const account = await ledger.addAccount()
  const key = await ledger.addKey(account)
  await ledger.grant(account, 'initial', 1_000n)
  await ledger.limitSpend(key, 100n, 'total')
  const rows = amounts.map((amount) => {
    const id = randomUUIDv7()
    return { id, account, key, amount, minimum: amount, capped: true }
  })
  const answers = await ledger.reserve(rows, false)
  for (const { id } of rows) expect(answers.get(id)?.outcome).toBe('held')
  const spent = async () => {
    const [row] = await sql`select spent from key_spends where key_id = ${key}`
    return row?.spent
  }
  return { rows, spent }
}

const chargesOf = (answers: Map<string, { charged: bigint; uncollected: bigint }>) =>
  [...answers.values()].map(({ charged, uncollected }) => [charged, uncollected])

test('a cost beyond its hold takes what the limit of its key leaves, and no more', async () => {
  const { rows, spent } = await holdsOf(60n)
  const settled = await ledger.settle(rows.map((row) => ({ ...row, cost: 130n })))
  expect(chargesOf(settled)).toEqual([[100n, 30n]])
  expect(await spent()).toBe('100')
})

test('what other requests of the key hold is left to them, in the same batch too', async () => {
  const { rows } = await holdsOf(40n, 50n)
  const [first, second] = rows as [(typeof rows)[0], (typeof rows)[0]]
  const sent = [first, second].map((row) => ({ ...row, cost: 90n }))
  const settled = await ledger.settle(sent)
  const [one, other] = sent.map(({ id }) => settled.get(id)?.charged as bigint)
  // 10 are free, for whichever is settled first
  expect([40n + 10n, 40n]).toContain(one)
  expect(other).toBe(100n - (one as bigint))
})

test('what a request gives back, another of its key may take in the same batch', async () => {
  const { rows, spent } = await holdsOf(40n, 50n, 10n)
  const [first, second, third] = rows as [(typeof rows)[0], (typeof rows)[0], (typeof rows)[0]]
  const sent = [
    { ...first, cost: 95n },
    { ...second, cost: 20n },
    { ...third, cost: 3n },
  ]
  const settled = await ledger.settle(sent)
  expect(settled.get(first.id)).toEqual({ charged: 77n, uncollected: 18n })
  expect(settled.get(second.id)).toEqual({ charged: 20n, uncollected: 0n })
  expect(await spent()).toBe('100')
})
