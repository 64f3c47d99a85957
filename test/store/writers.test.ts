import postgres from 'postgres'
import { expect, test } from 'vitest'
import { auditLedger } from '../../src/store/audit/audit.ts'
import { createTestDatabase } from '../harness/database.ts'
import { LedgerSql } from './ledger-sql.ts'
import { type Tally, write } from './writers.ts'

const WRITERS = 8
const SECONDS = Number(process.env.TEST_SECONDS ?? 5)
/** Holds at least, also on a slow machine: the poor accounts are spent by then. */
const HOLDS = 3_000
const RICH = 1_000_000_000n
/** Of these accounts each fourth is nearly empty. */
const ACCOUNTS = 40

test('eight writers at once leave a ledger in order', { timeout: 300_000 }, async ({
  annotate,
}) => {
  const { sql, url } = await createTestDatabase()
  const ledger = new LedgerSql(sql)
  const accounts = await Promise.all(Array.from({ length: ACCOUNTS }, () => ledger.addAccount()))
  for (const [index, id] of accounts.entries()) {
    await ledger.grant(id, 'initial', index % 4 === 0 ? 2_000n : RICH)
  }
  const clients = Array.from({ length: 2 * WRITERS }, () => postgres(url, { max: 1 }))
  const connections = clients.map((client) => new LedgerSql(client))
  const tally: Tally = { held: 0, refused: 0, charges: [], errors: [] }
  const until = performance.now() + SECONDS * 1_000
  const isEnough = () =>
    tally.errors.length > 0 || (performance.now() >= until && tally.held >= HOLDS)
  await Promise.all(
    Array.from({ length: WRITERS }, (_, index) => {
      const pair = [connections[2 * index], connections[2 * index + 1]] as [LedgerSql, LedgerSql]
      return write(pair, accounts, isEnough, tally)
    }),
  )
  await Promise.all(clients.map((client) => client.end()))

  const [stats] = await sql`
    select (select count(*) from holds) as open, (select sum(held) from accounts) as held,
      (select count(*) from requests) as records, -sum(amount) as charged,
      (select min(posted - held) from accounts) as least
    from ledger where kind = 'charge'`
  await annotate(`${tally.held} held, ${tally.refused} refused, ${tally.charges.length} settled`)
  expect(tally.errors).toEqual([])
  expect(await deadlocks(sql)).toBe('0')
  expect(tally.refused).toBeGreaterThan(0)
  expect(new Set(tally.charges.map(({ id }) => id)).size).toBe(tally.charges.length)
  expect(stats).toEqual({
    open: '0',
    held: '0',
    records: String(tally.held),
    charged: String(tally.charges.reduce((sum, { charged }) => sum + charged, 0n)),
    least: '0', // the poor accounts were spent to the last micro-credit, and no further
  })
  expect(tally.charges).toHaveLength(tally.held)
  expect((await auditLedger(sql)).violations).toEqual([])
  await sql.end()
})

/** Deadlocks in this database; sessions report when they end. */
async function deadlocks(sql: postgres.Sql): Promise<string> {
  const [row] = await sql`
    select deadlocks from pg_stat_database where datname = current_database()`
  return row?.deadlocks
}
