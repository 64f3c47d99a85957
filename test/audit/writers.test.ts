import postgres from 'postgres'
import { expect, test } from 'vitest'
import { LedgerSql } from '../store/ledger-sql.ts'
import { type Tally, write } from '../store/writers.ts'
import { openBooks } from './books.ts'

const WRITERS = 4
const SECONDS = Number(process.env.TEST_SECONDS ?? 5)
const ACCOUNTS = 20

test('four writers at once never look like a violation, to two audits that never rest', {
  timeout: 300_000,
}, async ({ annotate }) => {
  const books = await openBooks()
  const other = await openBooks(books.url)
  const ledger = new LedgerSql(books.sql)
  const accounts = await Promise.all(Array.from({ length: ACCOUNTS }, () => ledger.addAccount()))
  for (const id of accounts) await ledger.grant(id, 'initial', 1_000_000_000n)
  const clients = Array.from({ length: 2 * WRITERS }, () => postgres(books.url, { max: 1 }))
  const connections = clients.map((client) => new LedgerSql(client))
  const tally: Tally = { held: 0, refused: 0, charges: [], errors: [] }
  const until = performance.now() + SECONDS * 1_000
  const seen = { looks: 0, pieces: 0, violations: [] as unknown[] }

  async function audit({ step }: typeof books, entriesMax: number): Promise<void> {
    while (performance.now() < until) {
      const named = accounts.filter(() => Math.random() < 0.3).map((id) => `acc_${id}`)
      const looks = await step(Math.random() < 0.5 ? null : named, { accountsMax: 7, entriesMax })
      seen.looks += looks.length
      seen.pieces += looks.filter(({ isWhole }) => !isWhole).length
      seen.violations.push(...looks.flatMap(({ violations }) => violations))
    }
  }
  await Promise.all([
    ...Array.from({ length: WRITERS }, (_, index) => {
      const pair = [connections[2 * index], connections[2 * index + 1]] as [LedgerSql, LedgerSql]
      return write(pair, accounts, until, tally)
    }),
    audit(books, 1_000),
    audit(other, 3),
  ])

  await annotate(`${tally.charges.length} settled, ${seen.looks} looks, ${seen.pieces} in pieces`)
  expect(tally.errors).toEqual([])
  expect(seen.violations).toEqual([])
  expect(tally.charges.length).toBeGreaterThan(1_000)
  expect(seen.pieces).toBeGreaterThan(10)
  expect(seen.looks - seen.pieces).toBeGreaterThan(10)
  await Promise.all([...clients.map((client) => client.end()), books.close(), other.close()])
})
