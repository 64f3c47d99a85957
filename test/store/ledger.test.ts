import fc from 'fast-check'
import { test } from 'vitest'
import { openClockedLedger } from './ledger-clock.ts'
import { ledgerProperty } from './ledger-commands.ts'

const RUNS = Number(process.env.TEST_RUNS ?? 60)

test('whatever happens to it the ledger is what its auditor says', {
  timeout: 600_000,
}, async () => {
  const ledger = await openClockedLedger()
  await fc.assert(ledgerProperty(ledger), { numRuns: RUNS })
  await ledger.close()
})
