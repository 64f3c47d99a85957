import { randomUUIDv7 } from 'node:crypto'
import postgres from 'postgres'
import { expect, test } from 'vitest'
import { createTestDatabase } from '../harness/database.ts'
import { LedgerSql } from '../store/ledger-sql.ts'
import { dayGoesOn } from './setup.ts'

const WRITERS = 4
const REQUESTS_EACH = 80
/** Of a writer in one call; a third of them crashes first, and is corrected later. */
const BATCH = 3

test('a limit that is set while its key is used has counted every charge once', async () => {
  const { url, sql } = await createTestDatabase()
  await dayGoesOn(sql)
  const clients = Array.from({ length: WRITERS }, () => postgres(url, { max: 1 }))
  const ledger = new LedgerSql(sql)
  const account = await ledger.addAccount()
  const [key, other] = [await ledger.addKey(account), await ledger.addKey(account)]
  await ledger.grant(account, 'initial', 1_000_000n)

  async function write(writer: LedgerSql): Promise<void> {
    for (let count = 0; count < REQUESTS_EACH; count += 1) {
      const rows = Array.from({ length: BATCH }, (_, index) => {
        const ids = { id: randomUUIDv7(), account, key: index === 0 ? other : key }
        return { ...ids, amount: 9n, minimum: 9n, capped: true }
      })
      await writer.reserve(rows, false)
      const first = rows.map((row, index) => ({ ...row, cost: 5n, crashed: index === 2 }))
      await writer.settle(first)
      await writer.settle(rows.map((row) => ({ ...row, cost: 7n })))
    }
  }
  let writing = true
  const set = (async () => {
    while (writing) await ledger.limitSpend(key, 1_000_000n, 'month')
  })()
  await Promise.all(clients.map((client) => write(new LedgerSql(client))))
  writing = false
  await set

  const [row] = await sql`
    select spent, (select -sum(l.amount) from ledger l join requests q on q.id = l.request_id
        where q.key_id = ${key}) as charged
      from key_spends where key_id = ${key}`
  expect(row).toEqual({
    spent: String(WRITERS * REQUESTS_EACH * (5 + 7)),
    charged: String(WRITERS * REQUESTS_EACH * (5 + 7)),
  })
  await Promise.all([...clients, sql].map((client) => client.end()))
})
