import { integer, pgTable, timestamp } from 'drizzle-orm/pg-core'
import { bytea, now } from './columns.ts'

/**
 * Secrets that were taken, or are to be taken, out of SECRET_KEY: what was hashed under them is
 * never hashed again, so they are kept, encrypted under the first of SECRET_KEY.
 */
export const retiredSecrets = pgTable('retired_secrets', {
  /** Ascending in the order in which they came into use. */
  id: integer('id').primaryKey().generatedAlwaysAsIdentity(),
  /** By which the same secret is known again. */
  fingerprint: bytea('fingerprint').notNull().unique(),
  sealed: bytea('sealed').notNull(),
  retiredAt: timestamp('retired_at', { withTimezone: true }).notNull().default(now),
})
