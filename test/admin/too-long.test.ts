import { expect, test } from 'vitest'
import { eventually } from '../harness/proxy.ts'
import { clientOf } from './client.ts'
import { startAdmin } from './setup.ts'

test('what takes Postgres too long is told of as that: there is less to ask for', async () => {
  const admin = await startAdmin()
  const client = clientOf(admin)
  const { status, body } = await admin.sql.begin(async (sql) => {
    await sql`lock table requests in access exclusive mode`
    const usage = client.get('/usage')
    await eventually(async () => {
      // As Postgres itself does after 15 s.
      const [cancelled] = await sql`select pg_cancel_backend(pid) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`
      return cancelled
    })
    return usage
  })
  expect([status, body.error.code]).toEqual([503, 'ledger_unavailable'])
  expect(body.error.message).toContain('Ask for less')
  await admin.close()
})
