import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTestDatabase } from '../harness/database.ts'
import { openClockedLedger } from '../store/ledger-clock.ts'
import { ledgerProperty } from '../store/ledger-commands.ts'
import { decisionProperty, openRacers } from '../store/ledger-race.ts'
import { plantSql } from './plant-sql.ts'

/** Seeds in which a bug has to show; the first one that shows it is enough. */
const SEEDS = { numRuns: 100, endOnFailure: true }

test('a settlement that does not depend on deleting the hold is found by the model', async () => {
  const ledger = await openClockedLedger()
  await plantSql(ledger.real.sql, 'no-exactly-once-gate')
  const { errorInstance } = await fc.check(ledgerProperty(ledger), SEEDS)
  expect(String(errorInstance)).toMatch('AssertionError')
  await ledger.close()
})

test('a hold that is decided before its account is locked is found by a race', async () => {
  const { url, sql } = await createTestDatabase()
  await plantSql(sql, 'decision-before-the-lock')
  const racers = openRacers(url)
  const { errorInstance } = await fc.check(decisionProperty(racers), SEEDS)
  expect(String(errorInstance)).toMatch('violates check constraint "accounts_no_overdraft"')
  await racers.close()
  await sql.end()
})

test('a patch that no longer applies is a failure', async () => {
  const { applyPatch } = await import('./apply-patch.ts')
  const patch = '--- a/x.sql\n+++ b/x.sql\n@@ -1 +1 @@\n-old\n+new\n'
  expect(applyPatch(patch, () => 'a\nold\n')).toEqual([
    { path: 'x.sql', before: 'a\nold\n', after: 'a\nnew\n' },
  ])
  for (const text of ['', 'a\n', 'old\nold\n']) {
    expect(() => applyPatch(patch, () => text)).toThrow('x.sql has not once')
  }
})
