import { sql } from 'drizzle-orm'
import {
  boolean,
  check,
  numeric,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core'
import type { AuditRule } from '../../domain/violation.ts'
import { count, money, now } from './columns.ts'

/**
 * How far the background audit has read the ledger of each account, in a table of its own: the
 * account's row belongs to the hot path.
 */
export const auditMarks = pgTable('audit_marks', {
  accountId: uuid('account_id').primaryKey(),
  /** The last entry that was read, and what was posted after it. */
  seq: count('seq').notNull(),
  posted: money('posted').notNull(),
  /** When that was the whole ledger; null while it is read in pieces. */
  wholeAt: timestamp('whole_at', { withTimezone: true }),
})

/** One row: where the pass of the background audit over all accounts has come to. */
export const auditProgress = pgTable(
  'audit_progress',
  {
    only: boolean('only').primaryKey().default(true),
    /** Accounts up to this id were looked at in this pass, so many. */
    cursor: uuid('cursor').notNull().default('00000000-0000-0000-0000-000000000000'),
    accounts: count('accounts').notNull().default(0),
    beganAt: timestamp('began_at', { withTimezone: true }).notNull().default(sql`'epoch'`),
    lookedAt: timestamp('looked_at', { withTimezone: true }).notNull().default(sql`'epoch'`),
    /** When the last whole pass ended, and over how many accounts. */
    passedAt: timestamp('passed_at', { withTimezone: true }),
    passedAccounts: count('passed_accounts').notNull().default(0),
  },
  (t) => [check('audit_progress_only', sql`${t.only}`)],
)

/** What the background audit found, kept: an operator lifts it, nothing deletes it. */
export const auditViolations = pgTable(
  'audit_violations',
  {
    accountId: uuid('account_id').notNull(),
    rule: text('rule').$type<AuditRule>().notNull(),
    subject: text('subject'),
    expected: numeric('expected', { mode: 'bigint' }).notNull(),
    found: numeric('found', { mode: 'bigint' }),
    foundAt: timestamp('found_at', { withTimezone: true }).notNull().default(now),
    liftedAt: timestamp('lifted_at', { withTimezone: true }),
  },
  (t) => [primaryKey({ columns: [t.accountId, t.foundAt, t.rule] })],
)
