import { randomUUIDv7 } from 'node:crypto'
import { hostname } from 'node:os'
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import postgres from 'postgres'
import { every, SYSTEM_CLOCK } from '../src/clock.ts'
import { Owner } from '../src/leases/owner.ts'
import { startStep } from '../src/start-step.ts'
import { createAuditLane } from '../src/store/audit/audit-step.ts'
import { FullAudit } from '../src/store/audit/full-audit.ts'
import { type Catalogue, loadCatalogue } from '../src/store/catalogue.ts'
import { followChanges } from '../src/store/change-feed.ts'
import { createConclusionLane } from '../src/store/idempotency-answers.ts'
import { registerInstance } from '../src/store/instances.ts'
import { createExtendLane } from '../src/store/lanes/extend.ts'
import { createKeyLane } from '../src/store/lanes/find-key.ts'
import { createClaimLane } from '../src/store/lanes/idempotency.ts'
import type { WatchedLane } from '../src/store/lanes/lane.ts'
import { createLeaseLane } from '../src/store/lanes/lease-lane.ts'
import { createRecordLane } from '../src/store/lanes/record.ts'
import { createReserveLane } from '../src/store/lanes/reserve.ts'
import { createSettleLane } from '../src/store/lanes/settle.ts'
import { SettlementQueue } from '../src/store/lanes/settlement-queue.ts'
import { latest } from '../src/store/latest.ts'
import { ensureRequestPartitions, migrate } from '../src/store/migrate.ts'
import { pinCreditsPerUsd } from '../src/store/settings.ts'

type DatabaseOptions = { url: string; creditsPerUsd: bigint }

/** Connections for everything but money and keys: the admin API, the catalogue, reads. */
const POOL_SIZE = 4

/** Milliseconds after which Postgres gives up a statement of that pool. */
const STATEMENT_TIMEOUT_MS = 15_000

/** Milliseconds between two looks for partitions that are to be made. */
const PARTITIONS_EVERY_MS = 86_400_000

/** Seconds between two reads of the catalogue, should a notification have been missed. */
const CATALOGUE_MAX_AGE_S = 10

/** Milliseconds in which changes are gathered, so that one reading finds them all. */
const CHANGES_GATHERED_MS = 20

const CATALOGUE_TABLES = ['tiers', 'models', 'routes', 'providers', 'prices', 'price_names', '*']

/** Postgres: migrated, with a lane for each statement of the hot path and a pool for the rest. */
async function database(app: FastifyInstance, options: DatabaseOptions): Promise<void> {
  await startStep('Postgres (DATABASE_URL) can not be used', () => migrate(options.url))
  const sql = postgres(options.url, {
    max: POOL_SIZE,
    connection: { application_name: 'tollkeeper', statement_timeout: STATEMENT_TIMEOUT_MS },
    fetch_types: false, // nobody would catch its failure; Drizzle reads arrays by itself
    onnotice: () => {},
  })
  const db = drizzle(sql)
  await pinCreditsPerUsd(db, options.creditsPerUsd)

  const leases = createLeaseLane(options.url)
  const firstId = randomUUIDv7()
  await registerInstance(db, firstId, hostname())
  const owner = new Owner(firstId, async () => {
    app.log.error(
      { instance: owner.id },
      'this instance was declared dead: it goes on as a new one',
    )
    const id = randomUUIDv7()
    await leases.register(id, hostname())
    return id
  })
  const keys = createKeyLane(options.url)
  const reserve = createReserveLane(options.url, owner)
  const extend = createExtendLane(options.url)
  const settle = createSettleLane(options.url)
  const records = createRecordLane(options.url)
  const claims = createClaimLane(options.url, owner)
  const answers = createConclusionLane(options.url)
  const audit = createAuditLane(options.url)
  const lanes = { keys, reserve, extend, settle, records, leases, claims, answers, audit }
  const settlements = new SettlementQueue({
    submit: (settlement) => settle.submit(settlement),
    trouble: (err, { id }) =>
      app.log.error({ err, request_id: id }, 'a settlement has to wait for Postgres'),
    setAside: (settlement, err) => app.setAside(settlement, err),
  })

  const stopMaking = makePartitions(app, db)
  const { stopFollowing, ...followed } = await followDatabase(app, sql, db)

  app.decorate('database', {
    db,
    owner,
    instanceId: () => owner.id,
    keys,
    reserve,
    extend,
    settlements,
    records,
    leases,
    claims,
    answers,
    audit,
    fullAudit: new FullAudit(options.url),
    lanes,
    ...followed,
  })

  app.addHook('onClose', async () => {
    stopFollowing()
    await stopMaking()
    await settlements.idle()
    await records.idle()
    await leases.signOff(owner.id).catch((err) => app.log.warn({ err }, 'not signed off'))
    await Promise.all(Object.values(lanes).map((lane) => lane.close()))
    await sql.end({ timeout: 5 })
  })
}

/** @returns what stops it */
function makePartitions({ log }: FastifyInstance, db: PostgresJsDatabase): () => Promise<void> {
  const failed = (err: unknown) => log.warn({ err }, 'partitions of requests could not be made')
  return every(SYSTEM_CLOCK, PARTITIONS_EVERY_MS, () => ensureRequestPartitions(db), failed)
}

/** Hears of changes, and keeps the catalogue as it is now. */
async function followDatabase(app: FastifyInstance, sql: postgres.Sql, db: PostgresJsDatabase) {
  const listeners = new Set<(table: string) => void>()
  const read = () => loadCatalogue(db)
  const { known: catalogue, again: reloadCatalogue } = latest(await read(), read)
  const refresh = () => {
    reloadCatalogue().catch((err) => app.log.warn({ err }, 'the catalogue could not be read again'))
  }
  const timer = setInterval(refresh, CATALOGUE_MAX_AGE_S * 1_000)
  let gathering: NodeJS.Timeout | null = null
  listeners.add((table) => {
    if (!CATALOGUE_TABLES.includes(table)) return
    gathering ??= setTimeout(() => {
      gathering = null
      refresh()
    }, CHANGES_GATHERED_MS)
  })
  await followChanges(sql, (table) => {
    for (const listener of listeners) listener(table)
  })
  return {
    catalogue,
    reloadCatalogue,
    onChange: (listener: (table: string) => void) => void listeners.add(listener),
    stopFollowing: () => {
      clearInterval(timer)
      if (gathering) clearTimeout(gathering)
    },
  }
}

declare module 'fastify' {
  interface FastifyInstance {
    database: {
      db: PostgresJsDatabase
      /** Who owns the holds this process places. */
      owner: Owner
      /** Its id now. */
      instanceId(): string
      keys: ReturnType<typeof createKeyLane>
      reserve: ReturnType<typeof createReserveLane>
      extend: ReturnType<typeof createExtendLane>
      settlements: SettlementQueue
      records: ReturnType<typeof createRecordLane>
      leases: ReturnType<typeof createLeaseLane>
      /** Idempotency keys: claimed, and concluded with their answers. */
      claims: ReturnType<typeof createClaimLane>
      answers: ReturnType<typeof createConclusionLane>
      /** Batches of the background audit. */
      audit: ReturnType<typeof createAuditLane>
      /** Audits of everything. */
      fullAudit: FullAudit
      /** All lanes by name, for who watches them. */
      lanes: Record<string, WatchedLane>
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
