import { randomUUID } from 'node:crypto'
import type postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { settle } from '../admin/spend.ts'
import { createTestDatabase } from '../harness/database.ts'
import { makeAccount, outcomes, passTime, reserve, rowOf, rowsOf } from './ledger.ts'

let sql: postgres.Sql
beforeAll(async () => {
  sql = (await createTestDatabase()).sql
})
afterAll(() => sql.end())

const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value)

test('of one batch the first are admitted, as many as the limit of the account says', async () => {
  const account = await makeAccount(sql, 1_000)
  const answers = await reserve(sql, rowsOf(10, account, { account_rpm: 4 }))
  expect(outcomes(answers)).toEqual([...times(4, 'held'), ...times(6, 'rate_limited')])
  expect(answers.map(({ remaining }) => remaining)).toEqual(['3', '2', '1', ...times(7, '0')])
  expect(answers.map(({ granted }) => granted)).toEqual([...times(4, '10'), ...times(6, '0')])
  const waits = new Set(answers.slice(4).map(({ wait_ms }) => Number(wait_ms)))
  expect([...waits]).toEqual([15_000]) // 60 s / 4
})

test('the limits of two keys and of their account are each kept', async () => {
  const account = await makeAccount(sql, 1_000)
  const [slow, quick] = [randomUUID(), randomUUID()]
  const rows = [
    ...rowsOf(4, account, { key_id: slow, account_rpm: 5, key_rpm: 2 }),
    ...rowsOf(5, account, { key_id: quick, account_rpm: 5 }),
  ]
  const answers = await reserve(sql, rows)
  expect(outcomes(answers)).toEqual([
    ...times(2, 'held'),
    ...times(2, 'rate_limited'), // by the key: 30 s for the next
    ...times(3, 'held'),
    ...times(2, 'rate_limited'), // by the account: 12 s
  ])
  expect(answers.map(({ remaining }) => remaining)).toEqual([
    ...['1', '0', '0', '0'],
    ...['2', '1', '0', '0', '0'],
  ])
  expect(Number(answers[2]?.wait_ms)).toBe(30_000)
  expect(Number(answers.at(-1)?.wait_ms)).toBe(12_000)
})

test('a limit of one account leaves the others of its batch alone', async () => {
  const accounts = await Promise.all(times(3, 0).map(() => makeAccount(sql, 1_000)))
  const rows = times(3, 0).flatMap(() =>
    accounts.flatMap((account) => rowsOf(1, account, { account_rpm: 2 })),
  )
  const answers = await reserve(sql, rows)
  for (const account of accounts) {
    const own = answers.filter(
      ({ id }) => rows.find((row) => row.id === id)?.account_id === account,
    )
    expect(outcomes(own)).toEqual(['held', 'held', 'rate_limited'])
  }
})

test('a request that is told to wait fits once it has waited', async () => {
  for (const account_rpm of [1, 3, 7, 999]) {
    const account = await makeAccount(sql, 100_000)
    const rows = rowsOf(account_rpm + 1, account, { account_rpm })
    const last = (await reserve(sql, rows)).at(-1)
    expect(last?.outcome).toBe('rate_limited')
    const waitMs = Number(last?.wait_ms)
    expect(waitMs).toBe(Math.ceil(60_000 / account_rpm))
    await sql`update rate_buckets set at = at - ${waitMs * 1_000}::bigint where id = ${account}`
    const [again] = await reserve(sql, [rowOf(account, { account_rpm })])
    expect(again?.outcome).toBe('held')
  }
})

test('open holds count against the limit of concurrency, those of the same batch too', async () => {
  const account = await makeAccount(sql, 1_000)
  const key = randomUUID()
  const first = await reserve(sql, rowsOf(2, account, { key_id: key, account_concurrency: 5 }))
  expect(outcomes(first)).toEqual(['held', 'held'])
  const limits = { account_concurrency: 5, key_concurrency: 3 }
  const rows = [
    ...rowsOf(3, account, { key_id: key, ...limits }),
    ...rowsOf(3, account, { account_concurrency: 5 }),
  ]
  const answers = await reserve(sql, rows)
  expect(outcomes(answers)).toEqual([
    ...['held', 'too_many', 'too_many'], // the third of the key
    ...['held', 'held', 'too_many'], // the fifth of the account
  ])
  await settle(sql, `acc_${account}`, { id: rows[0]?.id as string, cost: 0n })
  const [freed] = await reserve(sql, [rowOf(account, { key_id: key, ...limits })])
  expect(freed?.outcome).toBe('held')
})

test.for([
  ['insufficient', { minimum: 2_000, amount: 2_000 }],
  ['too_many', { account_concurrency: 1 }],
] as const)('a request that is refused as %s draws from no bucket', async ([outcome, more]) => {
  const account = await makeAccount(sql, 1_000)
  const key_id = randomUUID()
  await reserve(sql, [rowOf(account, { key_id })]) // one runs
  const limits = { key_id, account_rpm: 3, key_rpm: 2 }
  const refused = await reserve(sql, rowsOf(5, account, { ...limits, ...more }))
  expect(outcomes(refused)).toEqual(times(5, outcome))
  const drawn = await sql`select 1 from rate_buckets where id in (${account}, ${key_id})`
  expect(drawn).toHaveLength(0)
  const answers = await reserve(sql, rowsOf(3, account, limits))
  expect(outcomes(answers)).toEqual(['held', 'held', 'rate_limited'])
})

test('a batch whose answer was lost draws once, and is answered as before', async () => {
  const account = await makeAccount(sql, 1_000)
  const rows = rowsOf(3, account, { account_rpm: 2, account_concurrency: 2 })
  const first = await reserve(sql, rows)
  expect(outcomes(first)).toEqual(['held', 'held', 'rate_limited'])
  const replayed = await reserve(sql, rows, true)
  expect(outcomes(replayed)).toEqual(['held', 'held', 'rate_limited'])
  expect(replayed.map(({ granted }) => granted)).toEqual(['10', '10', '0'])
  const [held] = await sql`select held from accounts where id = ${account}`
  expect(held?.held).toBe('20')
})

test('an account that was idle for ages has a minute of requests, and no more', async () => {
  const account = await makeAccount(sql, 1_000)
  const account_rpm = 1_000_000 // the most that can be set
  await reserve(sql, [rowOf(account, { account_rpm })])
  await passTime(sql, 50 * 365 * 86_400)
  const [answer] = await reserve(sql, [rowOf(account, { account_rpm })])
  expect(answer).toMatchObject({ outcome: 'held', remaining: '999999' })
  const small = await reserve(sql, rowsOf(3, account, { account_rpm: 2 }))
  expect(outcomes(small)).toEqual(['held', 'held', 'rate_limited'])
})
