/** A past for a database: accounts, and the requests they made. */
import { randomUUIDv7 } from 'node:crypto'
import type postgres from 'postgres'

/** Micro-credits an account starts with, and an old request cost. */
const GRANT = 1_000_000_000_000
const CHARGE = 1_000
/** Days over which the old requests lie. */
const DAYS = 10

/** Accounts with a grant each. */
export async function addAccounts(sql: postgres.Sql, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUIDv7())
  for (const id of ids) {
    await sql`insert into accounts (id, name) values (${id}, 'bench')`
    await sql`select grant_v1(${id}, 'initial', ${GRANT})`
  }
  return ids
}

/** So many settled requests with their ledger entries, as the ledger would have written them. */
export async function addHistory(sql: postgres.Sql, accounts: string[], rows: number) {
  await sql`
    create temporary table past as
      select i, (${accounts}::uuid[])[1 + i % ${accounts.length}::int] as account_id,
        (lpad(to_hex(((extract(epoch from clock_timestamp()) - ${DAYS * 86_400}::float8
            * (1 - i::float8 / ${rows}::float8)) * 1000)::bigint), 12, '0')
          || '7' || lpad(to_hex((i % 4096)::int), 3, '0')
          || '8' || substr(md5(i::text), 1, 15))::uuid as id
      from generate_series(0, ${rows}::int - 1) as i`
  await sql`
    insert into requests (id, account_id, key_id, endpoint, model, provider, base_url,
        upstream_model, stream, status, outcome, stage, stages, attempts, slices,
        duration_ms, chunk_count, completion_length, prompt_tokens, cached_tokens,
        completion_tokens, reasoning_tokens, usage_source, estimated_tokens,
        hold, charged, uncollected)
      select id, account_id, account_id, '/v1/chat/completions', 'gpt-bench', 'openai',
        'https://upstream.example/v1', 'gpt-bench', true, 200, 'completed', 'ended',
        '{"auth":0,"body":1,"tier":1,"credit":1,"upstream":3,"answer":250,"ended":1200}',
        '[{"provider":"openai","base_url":"https://upstream.example/v1","status":200}]',
        0, 1200, 50, 200, 100, 0, 50, 0, 'reported', 150, ${10 * CHARGE}, ${CHARGE}, 0
      from past`
  await sql`
    insert into ledger (account_id, seq, kind, amount, balance_after, request_id)
      select p.account_id, a.seq + p.nth, 'charge', ${-CHARGE}, a.posted - p.nth * ${CHARGE}, p.id
      from (select *, row_number() over (partition by account_id order by i) as nth from past) p
      join accounts a on a.id = p.account_id`
  await sql`
    update accounts a set seq = a.seq + p.count, posted = a.posted - p.count * ${CHARGE}
      from (select account_id, count(*) as count from past group by 1) p where a.id = p.account_id`
  await sql`drop table past`
}

/** How many rows the tables that grow have. */
export async function rowsOf(sql: postgres.Sql): Promise<string> {
  const [row] = await sql`
    select (select count(*) from requests) as requests, (select count(*) from ledger) as ledger,
      (select count(*) from holds) as holds`
  return `${row?.requests} requests, ${row?.ledger} ledger entries, ${row?.holds} open holds`
}
