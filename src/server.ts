import { once } from 'node:events'
import { Server } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import closeWithGrace from 'close-with-grace'
import { type AppConfig, buildApp } from './app.ts'
import { type Config, ConfigError, loadConfig } from './config.ts'
import { keptSecret } from './data-dir.ts'
import { createDemoAccount, welcome } from './demo.ts'
import { createLogger } from './log/logger.ts'
import { type Sandbox, startSandbox } from './sandbox/index.ts'
import { createKeyHasher } from './secrets/api-key.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './store/embedded/index.ts'

/** Milliseconds that settling and closing get on top of the drain. */
const CLOSE_MARGIN_MS = 30_000

/**
 * Milliseconds in which a drained process still says 503 on the connections it has, and that they
 * close: a client may be sending its next request on one, and would find it cut.
 */
const LAST_REFUSALS_MS = 2_000

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
  if (config.databaseUrl === null) companions.postgres = await startEmbeddedPostgres({ dataDir })
  if (config.upstream === null) companions.sandbox = await startSandbox()
  return {
    ...config,
    databaseUrl: config.databaseUrl ?? (companions.postgres as EmbeddedPostgres).url,
    secretKeys: config.secretKeys ?? [await keptSecret(dataDir, 'secret-key')],
    adminToken: config.adminToken ?? (await keptSecret(dataDir, 'admin-token')),
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
  const address = await app.listen({ host: config.host, port: config.port })

  closeWithGrace(
    { delay: config.drainTimeoutMs + CLOSE_MARGIN_MS, logger: false },
    async ({ err, signal }) => {
      if (err) logger.fatal({ err }, 'stopping after an error that nothing caught')
      else logger.info({ signal }, 'stopping')
      await app.drain(err ? 0 : config.drainTimeoutMs)
      await refuseTheLast(app.server)
      await app.close()
      await stop(companions)
    },
  )

  if (companions.postgres) {
    const hashKey = createKeyHasher(appConfig.secretKeys)
    const key = await createDemoAccount(app.database.db, hashKey)
    if (key) process.stderr.write(welcome(`${address}/v1`, key))
  }
  logger.info({ address, upstream: app.upstream.baseUrl }, 'listening')
}

/**
 * Takes no more connections, and waits until those there are have closed. An HTTP server that is
 * closed would cut its idle ones at once.
 */
async function refuseTheLast(server: Server): Promise<void> {
  const closed = once(server, 'close')
  Server.prototype.close.call(server)
  await Promise.race([closed, delay(LAST_REFUSALS_MS)])
}

/** What went wrong in one sentence; a connection that failed everywhere says so in its parts. */
function reasonOf(error: unknown): string {
  const [first] = error instanceof AggregateError ? error.errors : [error]
  return first instanceof Error ? first.message : String(first)
}

const companions: Companions = { postgres: null, sandbox: null }
try {
  await start(readConfig(), companions)
} catch (error) {
  process.stderr.write(`Tollkeeper did not start: ${reasonOf(error)}\n`)
  await stop(companions)
  process.exit(1)
}
