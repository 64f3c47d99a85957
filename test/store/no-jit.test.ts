import { expect, test } from 'vitest'
import { createTestDatabase } from '../harness/database.ts'

test('no function that advises against plans lets Postgres compile what remains', async () => {
  const { sql } = await createTestDatabase()
  const advising = await sql<{ name: string; settings: string }[]>`
    select proname as name, proconfig::text as settings from pg_proc
      where pronamespace = 'public'::regnamespace and proconfig::text like ${'%enable\\_%=off%'}`
  expect(advising.map(({ name }) => name)).toContain('settle_v3')
  const compiled = advising.filter(({ settings }) => !settings.includes('jit=off'))
  expect(compiled.map(({ name }) => name)).toEqual([])
  await sql.end()
})
