import { expect, test } from 'vitest'
import { createTestDatabase } from '../harness/database.ts'
import { LedgerSql } from './ledger-sql.ts'

const CHANGES = {
  update: 'update ledger set amount = amount',
  delete: 'delete from ledger',
  truncate: 'truncate ledger',
}

test.for(Object.entries(CHANGES))('the ledger refuses to %s', async ([, statement]) => {
  const { sql } = await createTestDatabase()
  const ledger = new LedgerSql(sql)
  const account = await ledger.addAccount()
  await ledger.grant(account, 'initial', 5n)
  await expect(sql.unsafe(statement)).rejects.toThrow('append-only')
  expect((await ledger.state([account])).ledger).toEqual([[account, '1', 'grant', '5', '5']])
  await sql.end()
})

test('the database refuses an overdraft whoever asks for it', async () => {
  const { sql } = await createTestDatabase()
  const ledger = new LedgerSql(sql)
  const account = await ledger.addAccount()
  await ledger.grant(account, 'initial', 5n)
  const overdraw = sql`update accounts set held = 6 where id = ${account}`
  await expect(overdraw).rejects.toThrow('accounts_no_overdraft')
  await sql.end()
})
