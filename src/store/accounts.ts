import { and, desc, eq, lt, sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { MicroCredits } from '../domain/credits.ts'
import { liftingOf } from './audit/audit-state.ts'
import { type Page, rowsToRead, type Slice, sliceOf } from './cursor.ts'
import { accounts } from './schema.ts'
import { breaksTierReference } from './tiers.ts'

export type Account = typeof accounts.$inferSelect
export type AccountStatus = Account['status']

export type NewAccount = {
  id: string
  name: string
  externalId: string | null
  tier: string
  /** Granted under the reference `initial`; 0 is no grant. */
  credits: MicroCredits
}

/** What can be changed; what is left out stays. Only the audit freezes. */
export type AccountChange = {
  name?: string
  tier?: string
  status?: Exclude<AccountStatus, 'frozen'>
}

type Filter = { externalId?: string | undefined; status?: AccountStatus | undefined }

/**
 * Makes the account with its initial grant, both or neither: `grant_v1` runs inside the statement
 * that inserts, once for the row inserted. Any number of concurrent calls with one external id
 * make one account.
 * @returns false when the external id has an account already: then nothing happened;
 * `unknown_tier` likewise
 */
export async function createAccount(
  db: PostgresJsDatabase,
  { credits, ...values }: NewAccount,
): Promise<boolean | 'unknown_tier'> {
  const insert = db.insert(accounts).values(values).onConflictDoNothing({
    target: accounts.externalId,
  })
  const made = db.$with('made').as(insert.returning({ id: accounts.id }))
  const grant = sql`grant_v1(${made.id}, 'initial', ${credits.toString()}::bigint)`
  try {
    const rows = await db
      .with(made)
      .select({ id: made.id, granted: credits > 0n ? grant : sql`null` })
      .from(made)
    return rows.length > 0
  } catch (error) {
    if (breaksTierReference(error)) return 'unknown_tier'
    throw error
  }
}

export async function findAccount(db: PostgresJsDatabase, id: string): Promise<Account | null> {
  const [row] = await db.select().from(accounts).where(eq(accounts.id, id))
  return row ?? null
}

export async function findAccountByExternalId(
  db: PostgresJsDatabase,
  externalId: string,
): Promise<Account | null> {
  const [row] = await db.select().from(accounts).where(eq(accounts.externalId, externalId))
  return row ?? null
}

/** Accounts, newest first. */
export async function listAccounts(
  db: PostgresJsDatabase,
  filter: Filter,
  page: Page,
): Promise<Slice<Account>> {
  const rows = await db
    .select()
    .from(accounts)
    .where(
      and(
        filter.externalId === undefined ? undefined : eq(accounts.externalId, filter.externalId),
        filter.status === undefined ? undefined : eq(accounts.status, filter.status),
        page.after === null ? undefined : lt(accounts.id, page.after),
      ),
    )
    .orderBy(desc(accounts.id))
    .limit(rowsToRead(page))
  return sliceOf(rows, page, (account) => account.id)
}

/**
 * Changes an account. Making it active lifts, in the same statement, what the audit keeps of it.
 * @returns the account as it is now, or null when there is none; `unknown_tier` changes nothing
 */
export async function updateAccount(
  db: PostgresJsDatabase,
  id: string,
  change: AccountChange,
): Promise<Account | 'unknown_tier' | null> {
  const lifting = change.status === 'active' ? db.with(liftingOf(db, id)) : db
  try {
    const [row] = await lifting.update(accounts).set(change).where(eq(accounts.id, id)).returning()
    return row ?? null
  } catch (error) {
    if (breaksTierReference(error)) return 'unknown_tier'
    throw error
  }
}
