import postgres from 'postgres'
import { createTestDatabase } from '../harness/database.ts'
import { LedgerSql } from './ledger-sql.ts'

/** Microseconds since 1970 at which the clock stands first: shortly before a month ends. */
const START = BigInt(Date.UTC(2027, 0, 31, 23, 58)) * 1_000n

/** The ledger of a database whose clock stands still until it is set. */
export type ClockedLedger = { real: LedgerSql; now: bigint; set(now: bigint): Promise<void> }

/**
 * A database of its own with a clock of its own: what the functions call `clock_timestamp()` is a
 * function that stands before Postgres' own in the search path.
 */
export async function openClockedLedger(): Promise<ClockedLedger & { close(): Promise<void> }> {
  const { url, sql: admin } = await createTestDatabase()
  await admin.unsafe(`
    create schema test_clock;
    create table test_clock.reading (now bigint);
    insert into test_clock.reading values (${START});
    create function test_clock.clock_timestamp() returns timestamptz language sql stable as $$
      select 'epoch'::timestamptz + (now / 1000) * interval '1 ms' + (now % 1000) * interval '1 us'
        from test_clock.reading
    $$;
    alter table ledger alter created_at set default test_clock.clock_timestamp()`)
  await admin.end()
  const search_path = 'test_clock, pg_catalog, public'
  const sql = postgres(url, { max: 1, connection: { search_path }, onnotice: () => {} })
  const ledger: ClockedLedger = {
    real: new LedgerSql(sql),
    now: START,
    async set(now) {
      await sql`update test_clock.reading set now = ${String(now)}`
      ledger.now = now
    },
  }
  return Object.assign(ledger, { close: () => sql.end() })
}
