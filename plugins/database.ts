import { randomUUIDv7 } from 'node:crypto'
import { hostname } from 'node:os'
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import postgres from 'postgres'
import { type Catalogue, loadCatalogue } from '../src/store/catalogue.ts'
import { followChanges } from '../src/store/change-feed.ts'
import { createExtendLane } from '../src/store/extend.ts'
import { createKeyLane } from '../src/store/find-key.ts'
import { registerInstance, removeInstance } from '../src/store/instances.ts'
import type { WatchedLane } from '../src/store/lane.ts'
import { migrate } from '../src/store/migrate.ts'
import { createRecordLane } from '../src/store/record.ts'
import { createReserveLane } from '../src/store/reserve.ts'
import { pinCreditsPerUsd } from '../src/store/settings.ts'
import { createSettleLane } from '../src/store/settle.ts'
import { SettlementQueue } from '../src/store/settlement-queue.ts'

type DatabaseOptions = { url: string; creditsPerUsd: bigint }

/** Connections for everything but money and keys: the admin API, the catalogue, reads. */
const POOL_SIZE = 4

/** Milliseconds after which Postgres gives up a statement of that pool. */
const STATEMENT_TIMEOUT_MS = 15_000

/** Seconds between two reads of the catalogue, should a notification have been missed. */
const CATALOGUE_MAX_AGE_S = 10

const CATALOGUE_TABLES = ['tiers', 'models', 'routes', 'providers', 'prices', '*']

/** Postgres: migrated, with a lane for each statement of the hot path and a pool for the rest. */
async function database(app: FastifyInstance, options: DatabaseOptions): Promise<void> {
  await migrate(options.url)
  const sql = postgres(options.url, {
    max: POOL_SIZE,
    connection: { application_name: 'tollkeeper', statement_timeout: STATEMENT_TIMEOUT_MS },
    onnotice: () => {},
  })
  const db = drizzle(sql)
  await pinCreditsPerUsd(db, options.creditsPerUsd)

  let instanceId = randomUUIDv7()
  await registerInstance(db, instanceId, hostname())
  const keys = createKeyLane(options.url)
  const reserve = createReserveLane(options.url, () => instanceId)
  const extend = createExtendLane(options.url)
  const settle = createSettleLane(options.url)
  const records = createRecordLane(options.url)
  const settlements = new SettlementQueue(
    (settlement) => settle.submit(settlement),
    (err, { id }) =>
      app.log.error({ err, request_id: id }, 'a settlement has to wait for Postgres'),
  )

  const listeners = new Set<(table: string) => void>()
  let catalogue = await loadCatalogue(db)
  const reload = async () => {
    catalogue = await loadCatalogue(db)
    return catalogue
  }
  const refresh = () => {
    reload().catch((err) => app.log.warn({ err }, 'the catalogue could not be read again'))
  }
  const timer = setInterval(refresh, CATALOGUE_MAX_AGE_S * 1_000)
  listeners.add((table) => {
    if (CATALOGUE_TABLES.includes(table)) refresh()
  })
  await followChanges(sql, (table) => {
    for (const listener of listeners) listener(table)
  })

  app.decorate('database', {
    db,
    instanceId: () => instanceId,
    renewInstance: async () => {
      const id = randomUUIDv7()
      await registerInstance(db, id, hostname())
      instanceId = id
    },
    keys,
    reserve,
    extend,
    settlements,
    records,
    lanes: { keys, reserve, extend, settle, records },
    catalogue: () => catalogue,
    reloadCatalogue: reload,
    onChange: (listener: (table: string) => void) => void listeners.add(listener),
  })

  app.addHook('onClose', async () => {
    clearInterval(timer)
    await settlements.idle()
    await records.idle()
    await removeInstance(db, instanceId).catch((err) => app.log.warn({ err }, 'not signed off'))
    await Promise.all([keys, reserve, extend, settle, records].map((lane) => lane.close()))
    await sql.end({ timeout: 5 })
  })
}

declare module 'fastify' {
  interface FastifyInstance {
    database: {
      db: PostgresJsDatabase
      /** Who owns the holds this process places. */
      instanceId(): string
      /** Registers this process anew, after others have declared it dead. */
      renewInstance(): Promise<void>
      keys: ReturnType<typeof createKeyLane>
      reserve: ReturnType<typeof createReserveLane>
      extend: ReturnType<typeof createExtendLane>
      settlements: SettlementQueue
      records: ReturnType<typeof createRecordLane>
      /** All lanes by name, for who watches them. */
      lanes: Record<'keys' | 'reserve' | 'extend' | 'settle' | 'records', WatchedLane>
      /** Tiers, models and prices as they are now. */
      catalogue(): Catalogue
      /** Reads them again now, for a name that only this moment can have added. */
      reloadCatalogue(): Promise<Catalogue>
      /** Hears the name of each cached table that changed; `*` when one may have. */
      onChange(listener: (table: string) => void): void
    }
  }
}

export default fp(database, { name: 'database', dependencies: ['errors'] })
