import { mkdir, readdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'

let proxy: Tollkeeper
beforeEach(async () => {
  proxy = await startProxy()
})
afterEach(() => proxy.close())

const look = async () => {
  const response = await fetch(`${proxy.origin}/readyz`)
  return { status: response.status, body: await response.json() }
}
const READY = { status: 200, body: { status: 'ready' } }
const UNAVAILABLE = { status: 503, body: { error: { code: 'ledger_unavailable' } } }

test('a process whose Postgres is read-only is not ready until it takes changes', async () => {
  const sql = await proxy.sql.reserve()
  const name = sql((await sql`select current_database() as name`)[0]?.name)
  const endSessions = () => sql`
    select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'tollkeeper'`
  await sql`alter database ${name} set default_transaction_read_only = on`
  await endSessions()
  await eventually(async () => (await look()).status === 503 || undefined)
  expect(await look()).toMatchObject(UNAVAILABLE)
  await sql`alter database ${name} reset default_transaction_read_only`
  await endSessions()
  await eventually(async () => (await look()).status === 200 || undefined)
  sql.release()
})

test('a process whose journal can not be written is not ready', async () => {
  const { folder, name } = proxy.app.journal
  const { key } = await proxy.customer('1000')
  expect(await look()).toEqual(READY)
  await mkdir(folder, { recursive: true })
  const files = await readdir(folder)
  await symlink('/dev/full', join(folder, `${name}.2.journal`)) // the file it writes next
  for (const file of files) await rm(join(folder, file))
  await (await proxy.chat(key, { model: 'sandbox-echo', messages: [] })).text()
  expect(await look()).toMatchObject(UNAVAILABLE)
})
