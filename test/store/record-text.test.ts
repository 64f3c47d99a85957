import { randomUUIDv7 } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSettleLane } from '../../src/store/lanes/settle.ts'
import type { RequestRecord } from '../../src/store/request-record.ts'
import { createTestDatabase } from '../harness/database.ts'
import { aRecord } from './a-record.ts'
import { LedgerSql } from './ledger-sql.ts'

/** Any text of JavaScript: with NUL, halves of surrogate pairs and what JSON has to escape. */
const text = fc
  .array(fc.oneof(fc.constantFrom(0, 0x22, 0x5c, 0xd83d, 0xde42), fc.nat({ max: 0xffff })), {
    maxLength: 20,
  })
  .map((units) => String.fromCharCode(...units))

const anyRecord: fc.Arbitrary<RequestRecord> = fc
  .record({
    endpoint: text,
    model: fc.option(text),
    upstreamModel: fc.option(text),
    error: fc.option(
      fc.record({
        message: text,
        stack: fc.option(text),
        causes: fc.array(text, { maxLength: 3 }),
      }),
    ),
  })
  .map((changes) => aRecord(changes))

test('no text in a record keeps its hold from being settled', async () => {
  const { sql, url } = await createTestDatabase()
  const ledger = new LedgerSql(sql)
  const lane = createSettleLane(url)
  const account = await ledger.addAccount()
  await ledger.grant(account, 'initial', 1_000_000n)
  const property = fc.asyncProperty(fc.array(anyRecord, { minLength: 1 }), async (records) => {
    const settled = records.map(async (record) => {
      const id = randomUUIDv7()
      await ledger.reserve([{ id, account, amount: 5n, minimum: 5n }], false)
      return lane.submit({ id, accountId: account, cost: 3n, record })
    })
    for (const answer of await Promise.all(settled)) {
      expect(answer).toMatchObject({ charged: 3n, uncollected: 0n })
    }
  })
  await fc.assert(property, { numRuns: 50 })
  await lane.close()
  await sql.end()
})

test('a request that was recorded before it was held is settled all the same', async () => {
  const { sql } = await createTestDatabase()
  const ledger = new LedgerSql(sql)
  const account = await ledger.addAccount()
  await ledger.grant(account, 'initial', 100n)
  const id = randomUUIDv7()
  await ledger.record([{ id, account }])
  await ledger.reserve([{ id, account, amount: 10n, minimum: 10n }], false)
  const settled = await ledger.settle([{ id, account, cost: 7n }])
  expect(settled.get(id)).toEqual({ charged: 7n, uncollected: 0n })
  await ledger.record([{ id, account }]) // too late to change anything
  expect(await ledger.state([account])).toMatchObject({
    accounts: [[account, '93', '0', '2']],
    requests: [[id, account, '10', '7', '0']],
  })
  await sql.end()
})
