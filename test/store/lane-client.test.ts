import { setTimeout as delay } from 'node:timers/promises'
import { sql as query } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { LaneClient } from '../../src/store/lanes/lane-client.ts'
import { createTestDatabase } from '../harness/database.ts'

/** Milliseconds after which a connection is given up: some of them fall into its making. */
const GIVEN_UP_AFTER_MS = Array.from({ length: 40 }, (_, turn) => turn / 2)

test('a connection given up while it is being made rejects its call, and nothing else', async () => {
  const { url, sql } = await createTestDatabase()
  const client = new LaneClient<{ one: number }>(url, 'test', (db) =>
    db.select({ one: query<number>`one` }).from(query`(select 1 as one) t`).prepare('one'),
  )
  const unhandled: unknown[] = []
  const listener = (error: unknown) => unhandled.push(error)
  process.on('unhandledRejection', listener)
  for (const ms of GIVEN_UP_AFTER_MS) {
    const call = client.execute({}).catch(() => 'given up')
    await delay(ms)
    client.reconnect()
    await call
  }
  expect(await client.execute({})).toEqual([{ one: 1 }])
  expect(unhandled).toEqual([])
  process.off('unhandledRejection', listener)
  await client.close()
  await sql.end()
})
