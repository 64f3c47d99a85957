import { randomUUIDv7 } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openClockedLedger } from '../store/ledger-clock.ts'
import { ledgerProperty } from '../store/ledger-commands.ts'
import { LedgerSql } from '../store/ledger-sql.ts'

const RUNS = Number(process.env.TEST_RUNS ?? 20)

/** Entries of a ledger that a look reads: now one, now some, now all. */
const PIECES = [1, 1_000, 2, 3]

/** The functions of the ledger, with a pass of the audit after each call. */
class AuditedLedger extends LedgerSql {
  looks = 0
  #calls = 0

  override reserve(...call: Parameters<LedgerSql['reserve']>) {
    return this.#audited(super.reserve(...call))
  }

  override extend(...call: Parameters<LedgerSql['extend']>) {
    return this.#audited(super.extend(...call))
  }

  override settle(...call: Parameters<LedgerSql['settle']>) {
    return this.#audited(super.settle(...call))
  }

  override grant(...call: Parameters<LedgerSql['grant']>) {
    return this.#audited(super.grant(...call))
  }

  async #audited<T>(call: Promise<T>): Promise<T> {
    const answer = await call
    const piece = PIECES[this.#calls % PIECES.length] as number
    this.#calls += 1
    const looks = await this.sql`select id, violations
      from audit_step_v1(null, 1000000, ${piece}, 1000000, 0, 0)`
    this.looks += looks.length
    expect(looks.filter(({ violations }) => violations !== null)).toEqual([])
    return answer
  }
}

/** What chance leaves out at times: a request that ends after it was taken for dead. */
async function endLate(ledger: LedgerSql): Promise<void> {
  const account = await ledger.addAccount()
  await ledger.grant(account, 'initial', 100n)
  const row = { id: randomUUIDv7(), account, amount: 10n, minimum: 10n }
  await ledger.reserve([row], false)
  await ledger.settle([{ ...row, cost: 3n, crashed: true }])
  await ledger.settle([{ ...row, cost: 7n }])
}

test('whatever happens to a ledger, it never looks like a violation', {
  timeout: 600_000,
}, async ({ annotate }) => {
  const ledger = await openClockedLedger()
  const audited = new AuditedLedger(ledger.real.sql)
  ledger.real = audited
  await endLate(audited)
  await fc.assert(ledgerProperty(ledger), { numRuns: RUNS })
  await annotate(`${audited.looks} looks`)
  const [left] = await audited.sql`
    select (select count(*) from audit_violations) as violations,
      (select count(*) from ledger where kind = 'late_charge') as late`
  expect(left?.violations).toBe('0')
  expect(Number(left?.late)).toBeGreaterThan(0)
  await ledger.close()
})
