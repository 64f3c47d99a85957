import fc from 'fast-check'
import { test } from 'vitest'
import { createTestDatabase } from '../harness/database.ts'
import { ledgerCommands } from './ledger-commands.ts'
import { LedgerModel } from './ledger-model.ts'
import { LedgerSql } from './ledger-sql.ts'

const RUNS = Number(process.env.TEST_RUNS ?? 40)

test('whatever happens to it the ledger is what its auditor says', {
  timeout: 600_000,
}, async () => {
  const { sql } = await createTestDatabase()
  const real = new LedgerSql(sql)
  const start = async () => {
    const model = new LedgerModel()
    for (let count = 0; count < 3; count += 1) model.addAccount(await real.addAccount())
    return { model, real }
  }
  const property = fc.asyncProperty(ledgerCommands, async (commands) => {
    await fc.asyncModelRun(start, commands)
  })
  await fc.assert(property, { numRuns: RUNS })
  await sql.end()
})
