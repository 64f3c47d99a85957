import { and, desc, eq, lt } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type Page, rowsToRead, type Slice, sliceOf } from './cursor.ts'
import type { Outcome } from './request-record.ts'
import { apiKeys, holds, requests } from './schema.ts'

export type EndedRequest = typeof requests.$inferSelect
export type RunningRequest = typeof holds.$inferSelect

type Filter = {
  accountId?: string | undefined
  keyId?: string | undefined
  model?: string | undefined
  outcome?: Outcome | undefined
}

/** Requests that ended, newest first by the time they began. */
export async function listRequests(
  db: PostgresJsDatabase,
  filter: Filter,
  page: Page,
): Promise<Slice<EndedRequest>> {
  const owner = filter.keyId === undefined ? undefined : await ownerOf(db, filter.keyId)
  const rows = await db
    .select()
    .from(requests)
    .where(
      and(
        filter.accountId === undefined ? undefined : eq(requests.accountId, filter.accountId),
        filter.keyId === undefined ? undefined : eq(requests.keyId, filter.keyId),
        owner === undefined ? undefined : eq(requests.accountId, owner),
        filter.model === undefined ? undefined : eq(requests.model, filter.model),
        filter.outcome === undefined ? undefined : eq(requests.outcome, filter.outcome),
        page.after === null ? undefined : lt(requests.id, page.after),
      ),
    )
    .orderBy(desc(requests.id))
    .limit(rowsToRead(page))
  return sliceOf(rows, page, (request) => request.id)
}

/** Whose key it is: there is an index by accounts, and there may be millions of other requests. */
async function ownerOf(db: PostgresJsDatabase, keyId: string): Promise<string | undefined> {
  const { id, accountId } = apiKeys
  const [key] = await db.select({ accountId }).from(apiKeys).where(eq(id, keyId))
  return key?.accountId
}

/**
 * Finds a request by its id. Its hold is looked for first: a request that settles between the two
 * statements is then seen twice at most, and never missed.
 */
export async function findRequest(
  db: PostgresJsDatabase,
  id: string,
): Promise<{ running: RunningRequest } | { ended: EndedRequest } | null> {
  const [running] = await db.select().from(holds).where(eq(holds.id, id))
  if (running) return { running }
  const [ended] = await db.select().from(requests).where(eq(requests.id, id))
  return ended ? { ended } : null
}
