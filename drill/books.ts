import type postgres from 'postgres'

/** What the books say of one request. Amounts are micro-credits, charges positive. */
export type Entry = {
  records: number
  outcome: string | null
  /** Who served it at last. */
  provider: string | null
  charges: number
  /** Corrections by a result that came after somebody else had settled. */
  lateCharges: number
  charged: bigint
  uncollected: bigint
}

/** What they say of a request that left no trace. */
export const NO_ENTRY: Entry = {
  records: 0,
  outcome: null,
  provider: null,
  charges: 0,
  lateCharges: 0,
  charged: 0n,
  uncollected: 0n,
}

type Row = Omit<Entry, 'charged' | 'uncollected'> & {
  id: string
  charged: string
  uncollected: string
}

/** Reads the books as they are, by straight SQL: every request that left a trace, by its id. */
export async function readBooks(sql: postgres.Sql): Promise<Map<string, Entry>> {
  const rows = await sql<Row[]>`
    with taken as (
      select request_id as id, -sum(amount)::bigint as charged,
        count(*) filter (where kind = 'charge')::int as charges,
        count(*) filter (where kind = 'late_charge')::int as late
      from ledger where request_id is not null group by request_id),
    recorded as (
      select id, count(*)::int as records, min(outcome) as outcome,
        min(provider) as provider,
        sum(uncollected)::bigint as uncollected
      from requests group by id)
    select coalesce(t.id, r.id) as id, coalesce(r.records, 0) as records, r.outcome, r.provider,
      coalesce(t.charges, 0) as charges, coalesce(t.late, 0) as "lateCharges",
      coalesce(t.charged, 0)::text as charged, coalesce(r.uncollected, 0)::text as uncollected
    from taken t full join recorded r on r.id = t.id`
  const entries = rows.map(({ id, charged, uncollected, ...rest }): [string, Entry] => [
    id,
    { ...rest, charged: BigInt(charged), uncollected: BigInt(uncollected) },
  ])
  return new Map(entries)
}

export async function countOpenHolds(sql: postgres.Sql): Promise<number> {
  const [row] = await sql<[{ count: number }]>`select count(*)::int as count from holds`
  return row.count
}
