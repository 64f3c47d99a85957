import { and, asc, eq, isNull } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { Violation } from '../../domain/violation.ts'
import { now } from '../schema/columns.ts'
import { accounts, auditProgress, auditViolations } from '../schema.ts'

/** A violation that the background audit found, and nobody has lifted. */
export type KeptViolation = Violation & { foundAt: Date }

export type AuditState = {
  /** When the last pass over all accounts ended, and over how many; null before the first. */
  passedAt: Date | null
  passedAccounts: number
  /** The first 1,000 violations that nobody has lifted, with the status of their accounts. */
  kept: (KeptViolation & Pick<typeof accounts.$inferSelect, 'status'>)[]
}

const KEPT_MAX = 1_000

const KEPT = {
  accountId: auditViolations.accountId,
  rule: auditViolations.rule,
  subject: auditViolations.subject,
  expected: auditViolations.expected,
  found: auditViolations.found,
  foundAt: auditViolations.foundAt,
}

/** What the background audit knows. */
export async function readAuditState(db: PostgresJsDatabase): Promise<AuditState> {
  const [progress] = await db.select().from(auditProgress)
  const kept = await db
    .select({ ...KEPT, status: accounts.status })
    .from(auditViolations)
    .innerJoin(accounts, eq(accounts.id, auditViolations.accountId))
    .where(isNull(auditViolations.liftedAt))
    .orderBy(asc(auditViolations.accountId), asc(auditViolations.foundAt))
    .limit(KEPT_MAX)
  return {
    passedAt: progress?.passedAt ?? null,
    passedAccounts: progress?.passedAccounts ?? 0,
    kept,
  }
}

/** What the background audit found about an account and nobody has lifted, the oldest first. */
export function keptViolations(
  db: PostgresJsDatabase,
  accountId: string,
): Promise<KeptViolation[]> {
  return db
    .select(KEPT)
    .from(auditViolations)
    .where(and(eq(auditViolations.accountId, accountId), isNull(auditViolations.liftedAt)))
    .orderBy(asc(auditViolations.foundAt))
}

/** Part of a statement: lifts what is kept of an account. */
export function liftingOf(db: PostgresJsDatabase, accountId: string) {
  return db.$with('lifted').as(
    db
      .update(auditViolations)
      .set({ liftedAt: now })
      .where(and(eq(auditViolations.accountId, accountId), isNull(auditViolations.liftedAt)))
      .returning({ rule: auditViolations.rule }),
  )
}
