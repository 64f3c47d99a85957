import { sql } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import type postgres from 'postgres'
import type { Violation } from '../../domain/violation.ts'

export type Audit = {
  /** Accounts looked at: all. */
  checked: number
  /** The first 1,000. */
  violations: Violation[]
}

type ViolationRow = Omit<Violation, 'expected' | 'found'> & {
  expected: string
  found: string | null
}

type Row = { checked: string; violations: ViolationRow[] }

const VIOLATIONS_MAX = 1_000

/**
 * Recomputes every balance from the ledger and the open holds, and compares the ledger with the
 * records of requests and price corrections. One statement is one snapshot, so running traffic
 * raises no false alarm. Reads the whole ledger.
 * @param signal has Postgres cancel the statement
 */
export async function auditLedger(client: postgres.Sql, signal?: AbortSignal): Promise<Audit> {
  const { sql: text, params } = new PgDialect().sqlToQuery(AUDIT)
  const statement = client.unsafe<Row[]>(text, params as number[])
  const cancel = async () => statement.cancel()
  signal?.addEventListener('abort', () => void cancel().catch(() => {}), { once: true })
  const [row] = await statement
  if (!row) throw new Error('the audit gave no answer')
  const violations = row.violations.map(({ expected, found, ...rest }) => ({
    ...rest,
    expected: BigInt(expected),
    found: found === null ? null : BigInt(found),
  }))
  return { checked: Number(row.checked), violations }
}

/** Ledger and holds have no foreign key, so what belongs to no account is looked at as well. */
const BALANCES = sql`
  entered as (
    select account_id, sum(amount) as posted, count(*) as entries, max(seq) as newest
    from ledger group by account_id),
  held as (
    select account_id, sum(amount) as held from holds group by account_id),
  balances as (
    select coalesce(a.id, e.account_id, h.account_id) as account_id,
      coalesce(a.posted, 0) as posted, coalesce(a.held, 0) as held, coalesce(a.seq, 0) as seq,
      coalesce(e.posted, 0) as ledger_sum, coalesce(h.held, 0) as holds_sum,
      coalesce(e.entries, 0) as entries, coalesce(e.newest, 0) as newest
    from accounts a
    full join entered e on e.account_id = a.id
    full join held h on h.account_id = coalesce(a.id, e.account_id))`

/** Numeric, so that not even a tampered entry makes the sum overflow. */
const CHAIN = sql`
  chain as (
    select account_id, seq, balance_after,
      amount::numeric + lag(balance_after, 1, 0::bigint) over (partition by account_id order by seq)
        as expected
    from ledger)`

/** What the ledger took for a request, against what its record says; summed, so twice shows. */
const CHARGES = sql`
  taken as (
    select account_id, request_id, -sum(amount) as charged
    from ledger where kind in ('charge', 'late_charge') group by account_id, request_id),
  charges as (
    select coalesce(t.account_id, r.account_id) as account_id,
      coalesce(t.request_id, r.id) as request_id, t.charged as taken, r.charged as recorded
    from taken t
    full join requests r on r.id = t.request_id and r.account_id = t.account_id
    where coalesce(t.charged, 0) is distinct from r.charged)`

/** What the ledger moved in each price correction, against what that says it did. */
const CORRECTIONS = sql`
  moved as (
    select account_id, reference, sum(amount) as amount
    from ledger where kind = 'price_correction' group by account_id, reference),
  corrections as (
    select account_id, reference, coalesce(m.amount, 0) as moved,
      coalesce(c.given - c.taken, 0) as recorded
    from moved m full join price_correction_accounts c using (account_id, reference)
    where coalesce(m.amount, 0) <> coalesce(c.given - c.taken, 0))`

const VIOLATIONS = sql`
  violations (account_id, rule, subject, expected, found) as (
    select account_id, 'posted_is_ledger_sum', null, ledger_sum, posted
      from balances where posted <> ledger_sum
    union all
    select account_id, 'held_is_open_holds', null, holds_sum, held
      from balances where held <> holds_sum
    union all
    select account_id, 'available_not_negative', null, 0, posted - held
      from balances where posted - held < 0
    union all
    select account_id, 'seq_without_gap', newest::text, seq, entries
      from balances where entries <> seq or newest <> seq
    union all
    select account_id, 'balance_after_chains', seq::text, expected, balance_after
      from chain where balance_after <> expected
    union all
    select account_id, 'charge_is_recorded', request_id::text, taken, recorded
      from charges where taken is not null
    union all
    select account_id, 'record_is_charged', request_id::text, recorded, taken
      from charges where taken is null
    union all
    select account_id, 'correction_is_recorded', reference, moved, recorded
      from corrections)`

/** The numbers leave as text: JSON would round them. */
const AUDIT = sql`
  with ${BALANCES}, ${CHAIN}, ${CHARGES}, ${CORRECTIONS}, ${VIOLATIONS}
  select (select count(*) from accounts) as checked, coalesce(json_agg(first), '[]') as violations
  from (
    select account_id as "accountId", rule, subject, expected::text, found::text
    from violations limit ${VIOLATIONS_MAX}) as first`
