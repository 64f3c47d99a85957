import type postgres from 'postgres'

/** Rows of tables and their indexes that a session has read so far. */
export async function rowsRead(session: postgres.Sql): Promise<number> {
  await session`select pg_stat_force_next_flush()`
  const [row] = await session`
    select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) as read
    from pg_stat_user_tables`
  return Number(row?.read)
}
