import postgres from 'postgres'
import { expect, inject, test } from 'vitest'
import { migrate } from '../../src/store/migrate.ts'

/** A database with nothing in it. */
async function emptyDatabase(): Promise<string> {
  const base = inject('postgresUrl')
  const name = `empty_${process.pid}_${Date.now()}`
  const server = postgres(base, { max: 1, onnotice: () => {} })
  await server.unsafe(`create database ${name}`)
  await server.end()
  return base.replace(/[^/]*$/, name)
}

test('instances that start at once on an empty database migrate it once', async () => {
  const url = await emptyDatabase()
  await Promise.all(Array.from({ length: 6 }, () => migrate(url)))
  const sql = postgres(url, { max: 1 })
  const applied = await sql`select hash from drizzle.__drizzle_migrations`
  expect(new Set(applied.map(({ hash }) => hash)).size).toBe(applied.length)
  const tiers = await sql`select name from tiers`
  expect(tiers).toEqual([{ name: 'default' }])
  await sql.end()
})

test('requests have a partition for this month and the next three', async () => {
  const url = await emptyDatabase()
  await migrate(url)
  const sql = postgres(url, { max: 1 })
  const partitions = await sql`
    select relname from pg_class where relkind = 'r' and relname ~ '^requests_[0-9]{4}_[0-9]{2}$'
    order by relname`
  const now = new Date()
  const months = [0, 1, 2, 3].map((ahead) => {
    const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead))
    return `requests_${month.toISOString().slice(0, 7).replace('-', '_')}`
  })
  expect(partitions.map(({ relname }) => relname)).toEqual(months)
  await sql.end()
})
