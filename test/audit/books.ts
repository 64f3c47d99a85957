import { randomUUIDv7 } from 'node:crypto'
import postgres from 'postgres'
import { AUDIT_PACE } from '../../src/credit/auditor.ts'
import {
  type AuditBounds,
  type AuditStep,
  createAuditLane,
  type Look,
} from '../../src/store/audit/audit-step.ts'
import type { Lane } from '../../src/store/lanes/lane.ts'
import { createTestDatabase } from '../harness/database.ts'

/** Every batch of a pass is due at once. */
export const AT_ONCE = { sweepMs: 0, passMs: 0 }

const CREDIT = 1_000_000n

export type Books = Awaited<ReturnType<typeof openBooks>>

/** A ledger and the background audit of it, batch by batch; of a new database if none is named. */
export async function openBooks(of?: string) {
  const { sql, url } = of ? { sql: postgres(of, { max: 2 }), url: of } : await createTestDatabase()
  const lane = createAuditLane(url)
  const close = async () => {
    await lane.close()
    await sql.end()
  }
  return { ...booksOf(sql, lane), url, close }
}

/** The ledger of an app whose own audit stands still. */
export function booksOf(sql: postgres.Sql, lane: Lane<AuditStep, Look[]>) {
  const step = (accounts: string[] | null, bounds: Partial<AuditBounds> = {}): Promise<Look[]> =>
    lane.submit({
      accounts: accounts?.map((account) => account.slice('acc_'.length)) ?? null,
      bounds: { ...AUDIT_PACE, ...AT_ONCE, ...bounds },
    })

  /** One pass over all accounts, from its beginning to its end. */
  async function pass(bounds: Partial<AuditBounds> = {}): Promise<Look[]> {
    const looks: Look[] = []
    for (;;) {
      looks.push(...(await step(null, bounds)))
      const [progress] = await sql`select accounts from audit_progress`
      if (progress?.accounts === '0') return looks
    }
  }

  return {
    sql,
    step,
    pass,
    /** An account with so many credits; its `acc_` id. */
    async account(credits = 10n): Promise<string> {
      const id = randomUUIDv7()
      await sql`insert into accounts (id, name) values (${id}, 'a customer')`
      await sql`select grant_v1(${id}, 'initial', ${String(credits * CREDIT)})`
      return `acc_${id}`
    },
    async statusOf(account: string): Promise<string> {
      const [row] = await sql`select status from accounts where id = ${account.slice(4)}`
      return row?.status
    },
    /** What is kept of an account and not lifted, as `rule subject: found, not expected`. */
    async keptOf(account: string): Promise<string[]> {
      const rows = await sql`select rule, subject, expected, found from audit_violations
        where account_id = ${account.slice(4)} and lifted_at is null order by rule, subject`
      return rows.map(({ rule, subject, expected, found }) => {
        const about = subject === null ? '' : ` ${subject}`
        return `${rule}${about}: ${found ?? 'nothing'}, not ${expected}`
      })
    },
  }
}

export type Planting = (sql: postgres.ReservedSql, account: string) => Promise<unknown>

/** Writes past the triggers that guard the ledger. `account` is the UUID. */
export async function tamper(sql: postgres.Sql, account: string, planting: Planting) {
  const session = await sql.reserve()
  try {
    await session`set session_replication_role = replica`
    await planting(session, account.slice('acc_'.length))
  } finally {
    await session`set session_replication_role = origin`
    session.release()
  }
}
