import { randomUUIDv7 } from 'node:crypto'
import postgres from 'postgres'
import { expect, test } from 'vitest'
import { auditLedger } from '../../src/store/audit/audit.ts'
import { createTestDatabase } from '../harness/database.ts'
import { LedgerSql } from './ledger-sql.ts'

const ROUNDS = 60
const BATCH = 4
const COST = 7n

test('a guess and two final results at the same time charge what it cost, once', async ({
  annotate,
}) => {
  const { url, sql } = await createTestDatabase()
  const clients = Array.from({ length: 3 }, () => postgres(url, { max: 1 }))
  const [sweeper, owner, heir] = clients.map((client) => new LedgerSql(client)) as [
    LedgerSql,
    LedgerSql,
    LedgerSql,
  ]
  const account = await owner.addAccount()
  await owner.grant(account, 'initial', 1_000_000n)
  for (let round = 0; round < ROUNDS; round += 1) {
    const rows = Array.from({ length: BATCH }, () => ({ id: randomUUIDv7(), account }))
    await owner.reserve(
      rows.map((row) => ({ ...row, amount: 9n, minimum: 9n })),
      false,
    )
    await Promise.all([
      sweeper.settle(rows.map((row) => ({ ...row, cost: BigInt(round % 10), crashed: true }))),
      owner.settle(rows.map((row) => ({ ...row, cost: COST }))),
      heir.settle(rows.toReversed().map((row) => ({ ...row, cost: COST }))),
    ])
  }
  const [counts] = await sql`
    select count(*) filter (where outcome = 'completed' and charged = ${String(COST)}) as right,
      (select count(*) from ledger where kind = 'late_charge') as late,
      (select posted from accounts where id = ${account}) as posted
    from requests`
  await annotate(`${counts?.late} of ${ROUNDS * BATCH} were late`)
  expect(counts).toMatchObject({
    right: String(ROUNDS * BATCH),
    posted: String(1_000_000n - COST * BigInt(ROUNDS * BATCH)),
  })
  expect((await auditLedger(sql)).violations).toEqual([])
  await Promise.all([...clients, sql].map((client) => client.end()))
})
