import { randomUUIDv7 } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createSettleLane, type Settlement } from '../../src/store/lanes/settle.ts'
import { SettlementQueue } from '../../src/store/lanes/settlement-queue.ts'
import { createTestDatabase } from '../harness/database.ts'
import { FaultProxy } from '../harness/fault-proxy.ts'
import { eventually } from '../harness/proxy.ts'
import { aRecord } from './a-record.ts'
import { LedgerSql } from './ledger-sql.ts'

let ledger: LedgerSql
let account: string
let link: FaultProxy
let lane: ReturnType<typeof createSettleLane>
let queue: SettlementQueue
let troubles: string[]
let aside: string[]
let tries: number

/** Refusals by which a settlement is set aside. */
const REFUSALS_MAX = 3

beforeEach(async () => {
  const database = await createTestDatabase()
  ledger = new LedgerSql(database.sql)
  account = await ledger.addAccount()
  await ledger.grant(account, 'initial', 100n)
  link = await FaultProxy.start(database.url)
  lane = createSettleLane(link.url)
  troubles = []
  aside = []
  tries = 0
  queue = new SettlementQueue({
    submit: (settlement) => {
      tries += 1
      return lane.submit(settlement)
    },
    trouble: (_error, { id }) => troubles.push(id),
    setAside: ({ id }) => aside.push(id),
  })
})
afterEach(async () => {
  await lane.close()
  await link.close()
  await ledger.sql.end()
})

/** An open hold of that amount, and its settlement at that cost. */
async function held(amount: bigint, cost: bigint): Promise<Settlement> {
  const id = randomUUIDv7()
  await ledger.reserve([{ id, account, amount, minimum: amount }], false)
  return { id, accountId: account, cost, record: aRecord() }
}

const posted = async () => (await ledger.state([account])).accounts[0]?.[1]

test('settlements wait for Postgres and are made once when it is back', async () => {
  const settlements = [await held(10n, 7n), await held(10n, 8n)]
  await link.refuse()
  const answers = settlements.map((settlement) => queue.add(settlement))
  await eventually(() => troubles.length === 2 || undefined)
  expect(queue.size).toBe(2)
  expect(await posted()).toBe('100')
  await link.accept()
  expect(await Promise.all(answers)).toMatchObject([
    { charged: 7n, uncollected: 0n },
    { charged: 8n, uncollected: 0n },
  ])
  expect(queue.size).toBe(0)
  expect(await posted()).toBe('85')
})

test('a settlement whose answer was cut off is made once', async () => {
  await queue.add(await held(10n, 1n))
  const settlement = await held(10n, 7n)
  link.dropNextAnswer()
  await queue.add(settlement)
  expect(await posted()).toBe('92')
  expect((await ledger.state([account])).requests).toHaveLength(2)
  expect(link.made).toBe(2)
})

test('a settlement that can not be stored leaves the others alone, and is set aside', async () => {
  const impossible = { ...(await held(10n, 7n)), cost: -1n }
  const settlement = await held(10n, 8n)
  const refused = queue.add(impossible)
  expect(await queue.add(settlement)).toMatchObject({ charged: 8n, uncollected: 0n })
  expect(await refused).toBeNull()
  expect(troubles).toEqual([impossible.id])
  expect(aside).toEqual([impossible.id])
  expect(queue.size).toBe(0)
  expect(await posted()).toBe('92')
})

test('an outage sets nothing aside', async () => {
  const settlement = await held(10n, 7n)
  await link.refuse()
  const answer = queue.add(settlement)
  await eventually(() => tries > REFUSALS_MAX || undefined)
  expect(aside).toEqual([])
  await link.accept()
  expect(await answer).toMatchObject({ charged: 7n })
})

test('the guess of a sweeper that Postgres refuses is not made again and again', async () => {
  const guess = { ...(await held(10n, 7n)), cost: -1n, record: aRecord({ outcome: 'crashed' }) }
  expect(await queue.add(guess)).toBeNull()
  expect(await queue.add(guess)).toBeNull()
  expect(aside).toEqual([guess.id])
})

test('a result follows the guess that was on its way before it', async () => {
  const result = await held(10n, 7n)
  const submitted: string[] = []
  const slow = new SettlementQueue({
    submit: async ({ record }) => {
      submitted.push(record.outcome)
      return null
    },
    trouble: () => {},
    setAside: () => {},
  })
  const guess = { ...result, record: aRecord({ outcome: 'crashed' }) }
  await Promise.all([slow.add(guess), slow.add(result), slow.add(guess), slow.add(result)])
  expect(submitted).toEqual(['crashed', 'completed'])
  expect(slow.size).toBe(0)
})

test('a hold that was settled before is not settled again', async () => {
  const settlement = await held(10n, 7n)
  expect(await queue.add(settlement)).toMatchObject({ charged: 7n, uncollected: 0n })
  expect(await queue.add({ ...settlement, cost: 10n })).toBeNull()
  expect(await posted()).toBe('93')
})

test('a queue that grows beyond all measure says so', () => {
  const never = new SettlementQueue({
    submit: () => new Promise(() => {}),
    trouble: () => {},
    setAside: () => {},
  })
  const add = () =>
    never.add({ id: randomUUIDv7(), accountId: account, cost: 0n, record: aRecord() })
  for (let count = 0; count < 9_999; count += 1) void add()
  expect(never.isCrowded).toBe(false)
  void add()
  expect(never.isCrowded).toBe(true)
})

test('an idle queue has an answer for everything that was added', async () => {
  const settlements = await Promise.all([held(10n, 1n), held(10n, 2n), held(10n, 3n)])
  await link.refuse()
  for (const settlement of settlements) void queue.add(settlement)
  await eventually(() => troubles.length === 3 || undefined)
  await link.accept()
  await queue.idle()
  expect(queue.size).toBe(0)
  expect(await posted()).toBe('94')
})
