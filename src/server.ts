import { once } from 'node:events'
import type { Server as HttpServer } from 'node:http'
import { Server } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import closeWithGrace from 'close-with-grace'
import type { Logger } from 'pino'
import { type AppConfig, buildApp } from './app.ts'
import { type Config, ConfigError, loadConfig } from './config.ts'
import { keptSecret } from './data-dir.ts'
import { createDemoAccount, welcome } from './demo.ts'
import { listen } from './http/server.ts'
import { createLogger } from './log/logger.ts'
import { type Sandbox, startSandbox } from './sandbox/index.ts'
import { createKeyHasher } from './secrets/api-key.ts'
import { reasonOf, startStep } from './start-step.ts'
import { onStopSignals, STOP_SIGNALS } from './stop-signals.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './store/embedded/index.ts'

/** Milliseconds that settling and closing get on top of the drain. */
const CLOSE_MARGIN_MS = 30_000

/**
 * Milliseconds in which a drained process still says 503 on the connections it has, and that they
 * close: a client may be sending its next request on one, and would find it cut.
 */
const LAST_REFUSALS_MS = 2_000

/**
 * Milliseconds after which a drained process cuts what is left: clients that have not sent their
 * request to its end, or do not read its answer, would keep it from closing.
 */
const LAST_CONNECTIONS_MS = 10_000

/** What this process started beside the app, and stops after it. */
type Companions = { postgres: EmbeddedPostgres | null; sandbox: Sandbox | null }

/** What a stop signal does now, and whether this process ends already. */
type Life = { isEnding: boolean; end(): void }

function readConfig(): Config {
  try {
    return loadConfig(process.env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  }
}

/** Fills in what the environment left open: database, upstream and secrets of our own. */
async function complete(config: Config, companions: Companions): Promise<AppConfig> {
  const { dataDir } = config
  const kept = (name: string) =>
    startStep(`The ${name} in DATA_DIR can not be used`, () => keptSecret(dataDir, name))
  if (config.databaseUrl === null) companions.postgres = await startEmbeddedPostgres({ dataDir })
  if (config.upstream === null) companions.sandbox = await startSandbox()
  return {
    ...config,
    databaseUrl: config.databaseUrl ?? (companions.postgres as EmbeddedPostgres).url,
    secretKeys: config.secretKeys ?? [await kept('secret-key')],
    adminToken: config.adminToken ?? (await kept('admin-token')),
    upstream: config.upstream ?? {
      baseUrl: new URL((companions.sandbox as Sandbox).url),
      apiKey: null,
    },
  }
}

/** Stops what this process started beside the app, in the order that loses nothing. */
async function stop({ sandbox, postgres }: Companions): Promise<void> {
  await sandbox?.close()
  await postgres?.stop()
}

/** Serves. From then on a stop signal drains; one that came before is heeded at the end. */
async function start(
  config: Config,
  logger: Logger,
  companions: Companions,
  life: Life,
): Promise<void> {
  const appConfig = await complete(config, companions)
  const app = await buildApp(appConfig, logger)
  const address = await startStep('HOST and PORT can not be listened on', () =>
    app.listen({ host: config.host, port: config.port }),
  )
  const adminAddress = await openAdminPort(app.adminServer, config)
  if (companions.postgres) {
    const hashKey = createKeyHasher(appConfig.secretKeys)
    const key = await createDemoAccount(app.database.db, hashKey)
    const isSandbox = companions.sandbox !== null
    if (key) process.stderr.write(welcome(`${address}/v1`, key, isSandbox))
  }
  const upstream = app.upstream.baseUrl
  logger.info({ address, admin_address: adminAddress, upstream }, 'listening')

  const servers = app.adminServer === null ? [app.server] : [app.server, app.adminServer]
  const grace = closeWithGrace(
    {
      delay: config.drainTimeoutMs + CLOSE_MARGIN_MS,
      onTimeout: () =>
        logger.error('not ended in time: what waits to be settled is in the journal'),
      logger,
      skip: [...STOP_SIGNALS],
    },
    async ({ err }) => {
      life.isEnding = true
      if (err) logger.fatal({ err }, 'stopping after an error that nothing caught')
      await app.drain(err ? 0 : config.drainTimeoutMs)
      await refuseTheLast(servers)
      const cutLast = () => servers.map((server) => server.closeAllConnections())
      const cutting = setTimeout(cutLast, LAST_CONNECTIONS_MS)
      await app.close()
      clearTimeout(cutting)
      await stop(companions)
    },
  )
  life.end = () => void grace.close()
  if (life.isEnding) life.end()
}

/** @returns where the admin API is; nothing, where the public port serves it */
async function openAdminPort(
  server: HttpServer | null,
  { host, adminPort }: Config,
): Promise<string | undefined> {
  if (server === null || adminPort === null) return undefined
  return startStep('HOST and ADMIN_PORT can not be listened on', () =>
    listen(server, host, adminPort),
  )
}

/**
 * Takes no more connections, and waits until those there are have closed. An HTTP server that is
 * closed would cut its idle ones at once.
 */
async function refuseTheLast(servers: Server[]): Promise<void> {
  const closed = Promise.all(servers.map((server) => once(server, 'close')))
  for (const server of servers) Server.prototype.close.call(server)
  await Promise.race([closed, delay(LAST_REFUSALS_MS)])
}

/** Lives until a stop signal. */
async function run(config: Config): Promise<void> {
  const logger = createLogger(config.logLevel)
  const companions: Companions = { postgres: null, sandbox: null }
  const quit = () => process.exit(1)
  const giveUp = () => {
    if (config.databaseUrl !== null) process.exit(0) // else our Postgres is started, then stopped
  }
  const life: Life = { isEnding: false, end: giveUp }
  onStopSignals((signal) => {
    if (life.isEnding) return quit()
    life.isEnding = true
    logger.info({ signal }, 'stopping')
    life.end()
  }, quit)
  try {
    await start(config, logger, companions, life)
  } catch (error) {
    if (!life.isEnding) process.stderr.write(`Tollkeeper did not start: ${reasonOf(error)}\n`)
    await stop(companions)
    process.exit(life.isEnding ? 0 : 1)
  }
}

await run(readConfig())
