import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { instances } from './schema.ts'

/** Adds this start of the process to the instances that place holds. */
export async function registerInstance(
  db: PostgresJsDatabase,
  id: string,
  host: string,
): Promise<void> {
  await db.insert(instances).values({ id, host })
}
