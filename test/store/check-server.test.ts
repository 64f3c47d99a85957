import postgres from 'postgres'
import { expect, inject, test } from 'vitest'
import { serverFault } from '../../src/store/check-server.ts'
import { migrate } from '../../src/store/migrate.ts'

test('a database that can not hold every character is refused before it is touched', async () => {
  const base = inject('postgresUrl')
  const admin = postgres(base, { max: 1, onnotice: () => {} })
  const name = `latin_${process.pid}_${Date.now()}`
  await admin.unsafe(
    `create database ${name} template template0 encoding 'LATIN1' locale_provider libc locale 'C'`,
  )
  const url = base.replace(/[^/]*$/, name)
  await expect(migrate(url)).rejects.toThrow(/encoding of the database is LATIN1, .* UTF8/)
  const latin = postgres(url, { max: 1 })
  const schemas = await latin`select 1 from pg_namespace where nspname = 'drizzle'`
  expect(schemas).toHaveLength(0)
  await latin.end()
  await admin.unsafe(`drop database ${name}`)
  await admin.end()
})

const USUAL = {
  datestyle: 'ISO, DMY',
  bytea_output: 'hex',
  default_transaction_isolation: 'read committed',
}

test.each([
  [{ version: '14.11', number: 140_011, encoding: 'UTF8' }, 'it is version 14.11, and has'],
  [{ version: '15.0', number: 150_000, encoding: 'UTF8' }, null],
  [{ version: '18.1', number: 180_001, encoding: 'SQL_ASCII' }, null],
  [{ version: '16.2', number: 160_002, encoding: 'EUC_JP' }, 'the encoding of the database is E'],
])('a Postgres of %j is refused for what it lacks alone', (facts, fault) => {
  expect(serverFault({ ...facts, ...USUAL })?.slice(0, fault?.length) ?? null).toBe(fault)
})

test.each([
  ['datestyle', 'German, DMY', 'ISO'],
  ['bytea_output', 'escape', 'hex'],
  ['default_transaction_isolation', 'repeatable read', 'read committed'],
])('a database whose %s is %s is refused before it is touched', async (name, value, right) => {
  const base = inject('postgresUrl')
  const admin = postgres(base, { max: 1, onnotice: () => {} })
  const database = `set_${name}_${process.pid}_${Date.now()}`
  await admin.unsafe(`create database ${database} template template0`)
  await admin.unsafe(`alter database ${database} set ${name} = '${value}'`)
  const url = base.replace(/[^/]*$/, database)
  await expect(migrate(url)).rejects.toThrow(`is ${value}, and has to be ${right}`)
  await admin.unsafe(`drop database ${database}`)
  await admin.end()
})
