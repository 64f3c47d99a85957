import { randomUUID } from 'node:crypto'
import type postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { makeAccount, outcomes, passTime, reserve, rowOf, rowsOf } from './ledger.ts'
import { limitHeaders, putTier, request, send } from './setup.ts'

let proxy: Tollkeeper
let sql: postgres.Sql
beforeAll(async () => {
  proxy = await startProxy()
  sql = proxy.sql
})
afterAll(() => proxy.close())

test('who waits as long as it was told is refused by no other limit', async () => {
  const account = await makeAccount(sql, 1_000_000)
  const key_id = randomUUID()
  const limits = { account_rpm: 60, key_rpm: 6 }
  await reserve(sql, rowsOf(6, account, { ...limits, key_id }))
  await reserve(sql, rowsOf(60, account, limits))
  const [refused] = await reserve(sql, [rowOf(account, { ...limits, key_id })])
  expect(refused?.outcome).toBe('rate_limited')
  await passTime(sql, Number(refused?.wait_ms) / 1_000)
  const answers = await reserve(sql, [rowOf(account, { ...limits, key_id })])
  expect(outcomes(answers)).toEqual(['held'])
})

test('a refusal for requests tells what is left of the tokens too', async () => {
  await putTier([proxy], 'both', { requests_per_minute: 1, tokens_per_minute: 1_000 })
  const { key } = await proxy.customer('1000', { tier: 'both' })
  expect((await send(proxy, key)).status).toBe(200)
  const refused = await send(proxy, key, request())
  expect(refused.status).toBe(429)
  expect(limitHeaders(refused, 'requests')).toMatchObject({ limit: '1', remaining: '0' })
  const tokens = limitHeaders(refused, 'tokens')
  expect(tokens.limit).toBe('1000')
  expect(Number(tokens.remaining)).toBeGreaterThan(900)
})
