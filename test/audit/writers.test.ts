import postgres from 'postgres'
import { expect, test } from 'vitest'
import { LedgerSql } from '../store/ledger-sql.ts'
import { type Tally, write } from '../store/writers.ts'
import { openBooks } from './books.ts'

const WRITERS = 4
/** At least: a slow machine goes on until it has proven something. */
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
  const seen = { looks: 0, pieces: 0, violations: [] as unknown[] }

  const until = performance.now() + SECONDS * 1_000
  const isProven = () =>
    tally.charges.length > 1_000 && seen.pieces > 10 && seen.looks - seen.pieces > 10
  const isEnough = () => tally.errors.length > 0 || (performance.now() > until && isProven())

  async function audit({ step }: typeof books, entriesMax: number): Promise<void> {
    while (!isEnough()) {
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
      return write(pair, accounts, isEnough, tally)
    }),
    audit(books, 1_000),
    audit(other, 3),
  ])

  await annotate(`${tally.charges.length} settled, ${seen.looks} looks, ${seen.pieces} in pieces`)
  expect(tally.errors).toEqual([])
  expect(seen.violations).toEqual([])
  await Promise.all([...clients.map((client) => client.end()), books.close(), other.close()])
})
