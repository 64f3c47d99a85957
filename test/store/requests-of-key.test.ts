import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { expect, test } from 'vitest'
import { listRequests } from '../../src/store/requests.ts'
import { createTestDatabase } from '../harness/database.ts'

/** Requests of another account, and rows that may be read to find those of a key. */
const OTHERS = 5_000
const ROWS_MAX = 50

test('the requests of a key are found without reading those of other accounts', async () => {
  const { url, sql: first } = await createTestDatabase()
  await first.end()
  const sql = postgres(url, { max: 1, fetch_types: false }) // its own session tells what it read
  const keys = await sql<{ id: string; account_id: string }[]>`
    with made as (insert into accounts (id, name)
      select uuidv7(), 'one' from generate_series(1, 2) returning id)
    insert into api_keys (id, account_id, hash, hint)
      select uuidv7(), id, sha256(id::text::bytea), '' from made returning id, account_id`
  for (const [at, { id, account_id }] of keys.entries()) {
    await sql`insert into requests (id, account_id, key_id, endpoint, stream, status, outcome,
        stage, stages, attempts, slices, duration_ms, chunk_count, completion_length, prompt_tokens,
        cached_tokens, completion_tokens, reasoning_tokens, estimated_tokens, hold, charged,
        uncollected)
      select uuidv7(), ${account_id}, ${id}, '/v1/models', false, 200, 'completed', 'ended',
        '{}', '[]', 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
      from generate_series(1, ${at === 0 ? OTHERS : 3}::int)`
  }
  await sql`analyze`
  const rowsRead = async () => {
    await sql`select pg_stat_force_next_flush()`
    const [row] = await sql`select sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) as read
      from pg_stat_user_tables where relname like 'requests%'`
    return Number(row?.read)
  }
  const before = await rowsRead()
  const page = { limit: 50, after: null }
  const { rows } = await listRequests(drizzle(sql), { keyId: keys[1]?.id }, page)
  expect(rows).toHaveLength(3)
  expect((await rowsRead()) - before).toBeLessThan(ROWS_MAX)
  await sql.end()
})
