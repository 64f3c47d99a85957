import { sql } from 'drizzle-orm'
import type { Violation } from '../../domain/violation.ts'
import { Lane } from '../lanes/lane.ts'
import { LaneClient } from '../lanes/lane-client.ts'

/** One batch of the background audit. */
export type AuditStep = {
  /** The accounts to look at; null takes the next ones of the pass over all accounts. */
  accounts: string[] | null
  bounds: AuditBounds
}

/** How much a batch does at most, and how often a pass goes on. */
export type AuditBounds = {
  /** Accounts of a batch. */
  accountsMax: number
  /** New ledger entries that are read of one account: what is more waits for another batch. */
  entriesMax: number
  /** New ledger entries of a batch, beyond which its other accounts wait for another batch. */
  batchEntriesMax: number
  /** Milliseconds between two batches of the pass, of all instances together. */
  sweepMs: number
  /** Milliseconds between the beginnings of two passes. */
  passMs: number
}

/** A look at one account. */
export type Look = {
  accountId: string
  /** It has no further entries to read. */
  isWhole: boolean
  /** It was active, and this look froze it. */
  isFrozen: boolean
  /** What was not known before: the first of each rule. */
  violations: Violation[]
}

const LIMITS = { batchMax: 1, queueMax: 10, timeoutMs: 8_000 }

type Kept = Pick<Violation, 'rule' | 'subject'> & { expected: string; found: string | null }
type Row = Omit<Look, 'violations'> & { violations: Kept[] | null }

/**
 * The lane of the background audit: `audit_step_v1`. It answers with the accounts it looked at:
 * none where nothing is due, or while another instance is at it.
 */
export function createAuditLane(url: string) {
  const client = new LaneClient<Row>(url, 'audit', (db) =>
    db
      .select({
        accountId: sql<string>`id`,
        isWhole: sql<boolean>`is_whole`,
        isFrozen: sql<boolean>`is_frozen`,
        violations: sql<Kept[] | null>`violations`,
      })
      .from(
        sql`audit_step_v1(${sql.placeholder('accounts')}::text::uuid[],
          ${sql.placeholder('accountsMax')}::text::int, ${sql.placeholder('entriesMax')}::text::int,
          ${sql.placeholder('batchEntriesMax')}::text::int,
          ${sql.placeholder('sweepMs')}::text::int, ${sql.placeholder('passMs')}::text::int)`,
      )
      .prepare('audit_step'),
  )
  const call = async ([step]: AuditStep[]): Promise<Look[][]> => {
    const { accounts, bounds } = step as AuditStep
    const texts = Object.entries(bounds).map(([name, bound]) => [name, String(bound)])
    const rows = await client.execute({
      accounts: accounts && `{${accounts.join()}}`,
      ...Object.fromEntries(texts),
    })
    return [rows.map(toLook)]
  }
  const lane = new Lane({ call, reconnect: () => client.reconnect() }, LIMITS)
  return Object.assign(lane, { close: () => client.close() })
}

function toLook({ violations, ...look }: Row): Look {
  const { accountId } = look
  const kept = (violations ?? []).map(({ expected, found, ...one }) => ({
    ...one,
    accountId,
    expected: BigInt(expected),
    found: found === null ? null : BigInt(found),
  }))
  return { ...look, violations: kept }
}
