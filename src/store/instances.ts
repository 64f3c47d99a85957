import { and, eq, lt, notInArray, sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { MicroCredits } from '../domain/credits.ts'
import { holds, instances } from './schema.ts'

/** Holds settled at a time for a dead instance. */
const ORPHANS_MAX = 500

/** How long a dead instance stays on the list at least. */
const PRUNE_AFTER = sql`interval '1 day'`

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

/**
 * Says that an instance has ended. Like a dead one it stays on the list: a hold whose answer was
 * lost may still be there, or come yet.
 */
export async function signOff(db: PostgresJsDatabase, id: string): Promise<void> {
  await db.update(instances).set({ state: 'dead' }).where(eq(instances.id, id))
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

/**
 * Open holds of instances that are dead, or not on the list any more: one that stood still for
 * days may place some before it notices that it was forgotten.
 */
export function findOrphans(db: PostgresJsDatabase): Promise<OpenHold[]> {
  const live = db.select({ id: instances.id }).from(instances).where(eq(instances.state, 'live'))
  return db.select().from(holds).where(notInArray(holds.instanceId, live)).limit(ORPHANS_MAX)
}

/** Open holds of an instance but for those it knows of. */
export function findUnknownHolds(
  db: PostgresJsDatabase,
  instanceId: string,
  known: string[],
): Promise<OpenHold[]> {
  const others = sql`${holds.id} <> all (
    array(select json_array_elements_text(${JSON.stringify(known)}::text::json)::uuid))`
  return db
    .select()
    .from(holds)
    .where(and(eq(holds.instanceId, instanceId), others))
    .limit(ORPHANS_MAX)
}

/** Forgets instances that ended long ago and left no hold. */
export async function pruneInstances(db: PostgresJsDatabase): Promise<void> {
  const owners = db.select({ id: holds.instanceId }).from(holds)
  const before = sql`clock_timestamp() - ${PRUNE_AFTER}`
  await db
    .delete(instances)
    .where(
      and(
        eq(instances.state, 'dead'),
        lt(instances.heartbeatAt, before),
        notInArray(instances.id, owners),
      ),
    )
}
