import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase } from '../harness/database.ts'
import { FaultProxy } from '../harness/fault-proxy.ts'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'

/** Seconds within which everything is read again, and some for a slow machine. */
const POLLED_S = 20

let link: FaultProxy
let one: Tollkeeper
/** Reaches the database by a way that can be cut. */
let two: Tollkeeper
beforeAll(async () => {
  const { url, sql } = await createTestDatabase()
  await sql.end()
  link = await FaultProxy.start(url)
  one = await startProxy({ databaseUrl: url })
  two = await startProxy({ databaseUrl: link.url, sandbox: one.sandbox })
})
afterAll(async () => {
  await two.close()
  await one.close()
  await link.close()
})

let made = 0

/** Makes a model through one instance, and waits until the other knows it. */
async function reaches(seconds?: number): Promise<void> {
  made += 1
  const name = `model-${made}`
  expect((await one.admin('PUT', `/models/${name}`, { context_window: made })).status).toBe(200)
  await eventually(() => two.app.database.catalogue().models.has(name) || undefined, seconds)
}

const listeners = () => one.sql<{ pid: number }[]>`select pid from pg_stat_activity
  where datname = current_database() and query ilike 'listen%'`

test('changes arrive after the sessions that listen were ended, and are heard of again', async () => {
  await reaches()
  const before = await listeners()
  expect(before).toHaveLength(2)
  for (const { pid } of before) await one.sql`select pg_terminate_backend(${pid})`
  await reaches(POLLED_S)
  await eventually(async () => {
    const now = await listeners()
    const isNew = now.every(({ pid }) => before.every((one) => one.pid !== pid))
    return (now.length === 2 && isNew) || undefined
  }, POLLED_S)
  await reaches()
})

test('an instance that Postgres was away from listens again, and has missed nothing', async () => {
  await link.refuse()
  made += 1
  await one.admin('PUT', `/models/model-${made}`, {})
  await new Promise((resolve) => setTimeout(resolve, 3_000)) // some tries fail meanwhile
  await link.accept()
  const { catalogue } = two.app.database
  await eventually(() => catalogue().models.has(`model-${made}`) || undefined, POLLED_S)
  await eventually(async () => (await listeners()).length === 2 || undefined, 40)
  await reaches()
})

test('a change that nobody was told of is found when everything is read again', async () => {
  const { catalogue, onChange } = two.app.database
  const told: string[] = []
  await one.sql`alter table models disable trigger models_changed`
  onChange((table) => told.push(table))
  await one.sql`insert into models (name) values ('untold')`
  await eventually(() => catalogue().models.has('untold') || undefined, POLLED_S)
  expect(told).toEqual([])
})
