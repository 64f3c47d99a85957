import { asc } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { retiredSecrets } from './schema.ts'

/** A secret as it is kept: encrypted, with a fingerprint by which it is known again. */
export type RetiredSecret = { fingerprint: Buffer; sealed: Buffer }

/** All that are kept, those that came into use first before the others. */
export function listRetiredSecrets(db: PostgresJsDatabase): Promise<RetiredSecret[]> {
  const { fingerprint, sealed } = retiredSecrets
  return db.select({ fingerprint, sealed }).from(retiredSecrets).orderBy(asc(retiredSecrets.id))
}

/** Keeps a secret; one that is kept already takes the new encryption. */
export async function keepRetiredSecret(
  db: PostgresJsDatabase,
  secret: RetiredSecret,
): Promise<void> {
  const { sealed } = secret
  await db
    .insert(retiredSecrets)
    .values(secret)
    .onConflictDoUpdate({ target: retiredSecrets.fingerprint, set: { sealed } })
}
