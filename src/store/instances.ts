import { and, eq, inArray, lt, sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { MicroCredits } from '../domain/credits.ts'
import { holds, instances } from './schema.ts'

/** Holds settled at a time for a dead instance. */
const ORPHANS_MAX = 500

export type OpenHold = typeof holds.$inferSelect

/** A live instance and its last heartbeat, as the database's clock wrote it. */
export type Heartbeat = { id: string; heartbeat: string }

/** Adds this start of the process to the instances that place holds. */
export async function registerInstance(
  db: PostgresJsDatabase,
  id: string,
  host: string,
): Promise<void> {
  await db.insert(instances).values({ id, host })
}

/** Takes an instance that ended in good order off the list. */
export async function removeInstance(db: PostgresJsDatabase, id: string): Promise<void> {
  await db.delete(instances).where(eq(instances.id, id))
}

/** `heartbeat_v1`: says that this instance lives, and what its running holds have cost so far. */
export function beat(
  db: PostgresJsDatabase,
  instanceId: string,
  metered: { id: string; metered: MicroCredits }[],
): Promise<Heartbeat[]> {
  const rows = JSON.stringify(metered.map((one) => ({ ...one, metered: one.metered.toString() })))
  return db
    .select({ id: sql<string>`id`, heartbeat: sql<string>`heartbeat` })
    .from(sql`heartbeat_v1(${instanceId}::uuid, ${rows}::text::json)`)
}

/**
 * Declares an instance dead, unless its heart has beaten since.
 * @returns whether it is dead now by this call
 */
export async function declareDead(
  db: PostgresJsDatabase,
  { id, heartbeat }: Heartbeat,
): Promise<boolean> {
  const same = sql`${instances.heartbeatAt}::text = ${heartbeat}`
  const dead = await db
    .update(instances)
    .set({ state: 'dead' })
    .where(and(eq(instances.id, id), eq(instances.state, 'live'), same))
    .returning({ id: instances.id })
  return dead.length > 0
}

/** Open holds of dead instances. */
export function findOrphans(db: PostgresJsDatabase): Promise<OpenHold[]> {
  const dead = db.select({ id: instances.id }).from(instances).where(eq(instances.state, 'dead'))
  return db.select().from(holds).where(inArray(holds.instanceId, dead)).limit(ORPHANS_MAX)
}

/** Open holds of an instance that are older than so many seconds. */
export function findOlderHolds(
  db: PostgresJsDatabase,
  instanceId: string,
  seconds: number,
): Promise<OpenHold[]> {
  const before = sql`clock_timestamp() - make_interval(secs => ${seconds})`
  return db
    .select()
    .from(holds)
    .where(and(eq(holds.instanceId, instanceId), lt(holds.createdAt, before)))
    .limit(ORPHANS_MAX)
}
