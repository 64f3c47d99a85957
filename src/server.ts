import { once } from 'node:events'
import type { Server as HttpServer } from 'node:http'
import { Server } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import closeWithGrace from 'close-with-grace'
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

async function start(config: Config, companions: Companions): Promise<void> {
  const logger = createLogger(config.logLevel)
  const appConfig = await complete(config, companions)
  const app = await buildApp(appConfig, logger)
  const address = await startStep('HOST and PORT can not be listened on', () =>
    app.listen({ host: config.host, port: config.port }),
  )
  const adminAddress = await openAdminPort(app.adminServer, config)
  const servers = app.adminServer === null ? [app.server] : [app.server, app.adminServer]

  let isStopping = false
  const grace = closeWithGrace(
    { delay: config.drainTimeoutMs + CLOSE_MARGIN_MS, logger: false, skip: [...STOP_SIGNALS] },
    async ({ err }) => {
      isStopping = true
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
  const quit = () => process.exit(1)
  onStopSignals((signal) => {
    if (isStopping) return quit()
    logger.info({ signal }, 'stopping')
    void grace.close()
  }, quit)

  if (companions.postgres) {
    const hashKey = createKeyHasher(appConfig.secretKeys)
    const key = await createDemoAccount(app.database.db, hashKey)
    const isSandbox = companions.sandbox !== null
    if (key) process.stderr.write(welcome(`${address}/v1`, key, isSandbox))
  }
  const upstream = app.upstream.baseUrl
  logger.info({ address, admin_address: adminAddress, upstream }, 'listening')
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

const companions: Companions = { postgres: null, sandbox: null }
try {
  await start(readConfig(), companions)
} catch (error) {
  process.stderr.write(`Tollkeeper did not start: ${reasonOf(error)}\n`)
  await stop(companions)
  process.exit(1)
}
