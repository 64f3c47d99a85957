import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTestDatabase } from '../harness/database.ts'
import { decisionProperty, openRacers } from './ledger-race.ts'

const RUNS = Number(process.env.TEST_RUNS ?? 20)

test('two servers that wait for one account decide one after the other', async () => {
  const { url, sql } = await createTestDatabase()
  const racers = openRacers(url)
  await fc.assert(decisionProperty(racers), { numRuns: RUNS })
  const [stats] = await sql`
    select count(*) from accounts where posted - held < 0`
  expect(stats?.count).toBe('0')
  await racers.close()
  await sql.end()
})
