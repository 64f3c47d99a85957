import { randomUUIDv7 } from 'node:crypto'
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  findOrphans,
  findUnknownHolds,
  pruneInstances,
  registerInstance,
  signOff,
} from '../../src/store/instances.ts'
import { createTestDatabase } from '../harness/database.ts'
import { LedgerSql } from './ledger-sql.ts'

let ledger: LedgerSql
let db: PostgresJsDatabase
let account: string

beforeEach(async () => {
  ledger = new LedgerSql((await createTestDatabase()).sql)
  db = drizzle(ledger.sql)
  account = await ledger.addAccount()
  await ledger.grant(account, 'initial', 100n)
})
afterEach(() => ledger.sql.end())

/** An open hold of an instance. */
async function heldBy(instance: string): Promise<string> {
  const id = randomUUIDv7()
  await ledger.reserve([{ id, account, amount: 1n, minimum: 1n }], false)
  await ledger.sql`update holds set instance_id = ${instance} where id = ${id}`
  return id
}

async function instance(changes: { state?: string; heartbeat_at?: string } = {}): Promise<string> {
  const id = randomUUIDv7()
  await registerInstance(db, id, 'a-host')
  await ledger.sql`update instances set ${ledger.sql({ state: 'live', ...changes })} where id = ${id}`
  return id
}

test('a hold is unknown to its instance when it is not among those it knows', async () => {
  const [ours, other] = [await instance(), await instance()]
  const known = await heldBy(ours)
  const unknown = await heldBy(ours)
  await heldBy(other)
  const found = async (ids: string[]) =>
    new Set((await findUnknownHolds(db, ours, ids)).map(({ id }) => id))
  expect(await found([known])).toEqual(new Set([unknown]))
  expect(await found([])).toEqual(new Set([known, unknown]))
  expect(await found([known, unknown])).toEqual(new Set())
})

test('what an instance holds that ended in good order is left to be swept', async () => {
  const id = await instance()
  const hold = await heldBy(id)
  expect(await findOrphans(db)).toEqual([])
  await signOff(db, id)
  expect((await findOrphans(db)).map((one) => one.id)).toEqual([hold])
})

test('instances are forgotten when they are dead for long and hold nothing', async () => {
  const long = '1970-01-01'
  const live = await instance({ heartbeat_at: long })
  const justDead = await instance({ state: 'dead' })
  const holding = await instance({ state: 'dead', heartbeat_at: long })
  await heldBy(holding)
  await instance({ state: 'dead', heartbeat_at: long })
  await pruneInstances(db)
  const left = await ledger.sql`select id from instances`
  expect(new Set(left.map(({ id }) => id))).toEqual(new Set([live, justDead, holding]))
})
