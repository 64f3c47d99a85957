import postgres from 'postgres'
import { expect, test } from 'vitest'
import { eventually, startProxy } from '../harness/proxy.ts'
import { openBooks } from './books.ts'

const HOUR_MS = 3_600_000

test('an account that moved is looked at without waiting for the pass over all', async () => {
  const proxy = await startProxy({ auditPace: { turnMs: 20, lookAfterMs: 50, passMs: HOUR_MS } })
  const [mover, sleeper] = [await proxy.customer('100'), await proxy.customer('100')]
  const statusOf = async ({ accountId }: typeof mover) =>
    (await proxy.admin('GET', `/accounts/${accountId}`)).body.status
  await eventually(
    async () => (await proxy.sql`select passed_at from audit_progress`)[0]?.passed_at,
  )
  await proxy.sql`update accounts set posted = posted + 5`
  const messages = [{ role: 'user', content: 'Hello there' }]
  await (await proxy.chat(mover.key, { model: 'sandbox-echo', messages })).text()
  await eventually(async () => (await statusOf(mover)) === 'frozen' || undefined)
  expect(await statusOf(sleeper)).toBe('active')
  await proxy.close()
})

test('the next pass begins no sooner than it may, and a batch of it likewise', async () => {
  const books = await openBooks()
  for (let count = 0; count < 4; count += 1) await books.account()
  const sizeOf = async (bounds: object) => (await books.step(null, bounds)).length
  expect(await sizeOf({ accountsMax: 3 })).toBe(3)
  expect(await sizeOf({ accountsMax: 3, sweepMs: HOUR_MS })).toBe(0)
  expect(await sizeOf({ accountsMax: 3, passMs: HOUR_MS })).toBe(1) // this pass has begun
  expect(await sizeOf({ passMs: HOUR_MS })).toBe(0)
  expect(await sizeOf({})).toBe(4)
  await books.sql`update audit_progress set began_at = began_at + interval '1 day'`
  expect(await sizeOf({ passMs: HOUR_MS })).toBe(4) // the database's clock was set back
  await books.close()
})

test('one instance works on a batch at a time, and the others do not wait for it', async () => {
  const books = await openBooks()
  const account = await books.account()
  const other = postgres(books.url, { max: 1 })
  const session = await other.reserve()
  await session`begin`
  await session`select audit_step_v1(null, 10, 10, 10, 0, 0)`
  expect(await books.step(null)).toEqual([])
  expect(await books.step([account])).toEqual([])
  await session`rollback`
  expect(await books.step([account])).toHaveLength(1)
  session.release()
  await other.end()
  await books.close()
})
