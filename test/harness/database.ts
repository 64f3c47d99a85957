import postgres from 'postgres'
import { inject } from 'vitest'
import { TEMPLATE } from './global-setup.ts'

let made = 0

/** A fresh, migrated database of this test's own. Instances that should share one share its URL. */
export async function createTestDatabase(): Promise<{ url: string; sql: postgres.Sql }> {
  made += 1
  const name = `test_${process.pid}_${made}_${Date.now()}`
  const base = inject('postgresUrl')
  const admin = postgres(base, { max: 1, onnotice: () => {} })
  await admin.unsafe(`create database ${name} template ${TEMPLATE}`)
  await admin.end()
  const url = base.replace(/[^/]*$/, name)
  return { url, sql: postgres(url, { max: 2, onnotice: () => {} }) }
}
