import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureRequestPartitions, migrate } from '../../src/store/migrate.ts'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
})
afterAll(() => proxy.close())

const partitions = async () => {
  const rows = await proxy.sql<{ name: string }[]>`
    select inhrelid::regclass::text as name from pg_inherits
      where inhparent = 'requests'::regclass order by 1`
  return rows.map(({ name }) => name)
}

/** What there must be now: this month and the next three. */
const wanted = async () => {
  const rows = await proxy.sql<{ name: string }[]>`
    select to_char(clock_timestamp() at time zone 'UTC' + months * interval '1 month',
      '"requests_"YYYY_MM') as name from generate_series(0, 3) months`
  return [...rows.map(({ name }) => name), 'requests_default']
}

/** As they are for a server that has run for months: they end before this one. */
async function dropThisMonth(): Promise<void> {
  for (const name of await partitions()) {
    if (name !== 'requests_default') await proxy.sql.unsafe(`drop table ${name}`)
  }
}

async function ask(): Promise<string> {
  const { key } = await proxy.customer('10')
  const response = await proxy.chat(key, {
    model: 'sandbox-echo',
    messages: [{ role: 'user', content: 'Hello' }],
  })
  await response.text()
  const id = response.headers.get('x-request-id') as string
  await proxy.settled(id)
  return id
}

test('a server that outlived its partitions starts again, and its records are found', async () => {
  await dropThisMonth()
  const id = await ask()
  await migrate(proxy.databaseUrl)
  expect(await partitions()).toEqual(await wanted())
  const [row] = await proxy.sql`select tableoid::regclass::text as place from requests
    where id = ${id}`
  expect(row?.place).toMatch(/^requests_\d{4}_\d{2}$/)
  await ask()
  expect((await proxy.admin('GET', '/audit')).body).toMatchObject({ ok: true })
})

test('partitions are made while a server runs, by any number of them at once', async () => {
  await dropThisMonth()
  const { db } = proxy.app.database
  await Promise.all([ensureRequestPartitions(db), ensureRequestPartitions(db)])
  expect(await partitions()).toEqual(await wanted())
  await ask()
})
