import { randomUUIDv7 } from 'node:crypto'
import { drizzle } from 'drizzle-orm/postgres-js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { adjust } from '../../src/store/adjustments.ts'
import { auditLedger } from '../../src/store/audit/audit.ts'
import { createTestDatabase } from '../harness/database.ts'
import { LedgerSql } from './ledger-sql.ts'

const RUNS = Number(process.env.TEST_RUNS ?? 60)

const micro = fc.bigInt({ min: 1n, max: 60n })
const reference = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')

type Adjust = { kind: 'adjust'; amount: bigint; reference: string; about: number | null }
type Op = { kind: 'grant' | 'hold' | 'settle'; amount: bigint } | Adjust

const op: fc.Arbitrary<Op> = fc.oneof(
  fc.record({ kind: fc.constantFrom('grant' as const, 'hold', 'settle'), amount: micro }),
  fc.record({
    kind: fc.constant('adjust' as const),
    amount: fc.oneof(
      micro,
      micro.map((one) => -one),
    ),
    reference,
    about: fc.option(fc.nat({ max: 3 })),
  }),
)

/** One account as it must be: what is posted and held, and what each reference stands for. */
class Model {
  posted = 0n
  readonly holds: { id: string; amount: bigint }[] = []
  readonly ended: string[] = []
  readonly references = new Map<string, string>()

  get available(): bigint {
    return this.holds.reduce((sum, { amount }) => sum - amount, this.posted)
  }

  adjust(amount: bigint, name: string, request: string | null): string {
    const meaning = `${amount} ${request}`
    const earlier = this.references.get(name)
    if (earlier !== undefined) return earlier === meaning ? 'repeated' : 'conflict'
    if (request !== null && !this.ended.includes(request)) return 'no_request'
    if (amount < 0n && this.available + amount < 0n) return 'overdraft'
    this.references.set(name, meaning)
    this.posted += amount
    return 'adjusted'
  }
}

test('whatever came before it, an adjustment counts once and never overdraws', {
  timeout: 300_000,
}, async () => {
  const { sql } = await createTestDatabase()
  const [db, real] = [drizzle(sql), new LedgerSql(sql)]

  async function run(account: string, model: Model, one: Op): Promise<void> {
    if (one.kind === 'grant') {
      await real.grant(account, randomUUIDv7(), one.amount)
      model.posted += one.amount
    } else if (one.kind === 'hold') {
      const row = { id: randomUUIDv7(), account, amount: one.amount, minimum: one.amount }
      const answer = (await real.reserve([row], false)).get(row.id)
      if (answer?.outcome === 'held') model.holds.push(row)
    } else if (one.kind === 'settle') {
      const hold = model.holds.pop()
      if (hold === undefined) return
      await real.settle([{ id: hold.id, account, cost: hold.amount }])
      model.posted -= hold.amount
      model.ended.push(hold.id)
    } else if (one.kind === 'adjust') {
      const ids = [...model.ended, ...model.holds.map(({ id }) => id), randomUUIDv7()]
      const requestId = one.about === null ? null : (ids[one.about % ids.length] as string)
      const { amount: credits, reference: name } = one
      const call = { accountId: account, reference: name, credits, requestId, reason: 'why' }
      const expected = model.adjust(credits, name, requestId)
      const { outcome, available } = await adjust(db, call)
      expect([outcome, available]).toEqual([expected, model.available])
    }
    const [row] = await sql`select posted, posted - held as available from accounts
      where id = ${account}`
    expect(row).toEqual({ posted: String(model.posted), available: String(model.available) })
  }

  const property = fc.asyncProperty(fc.array(op, { maxLength: 40 }), async (ops) => {
    const account = await real.addAccount()
    const model = new Model()
    for (const one of ops) await run(account, model, one)
  })
  await fc.assert(property, { numRuns: RUNS })
  expect((await auditLedger(sql)).violations).toEqual([])
  await sql.end()
})
