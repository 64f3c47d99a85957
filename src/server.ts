import closeWithGrace from 'close-with-grace'
import { createKeyHasher } from './api-key.ts'
import { type AppConfig, buildApp } from './app.ts'
import { type Config, ConfigError, loadConfig } from './config.ts'
import { keptSecret } from './data-dir.ts'
import { createDemoAccount, welcome } from './demo.ts'
import { createLogger } from './logger.ts'
import { type Sandbox, startSandbox } from './sandbox/index.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './store/embedded/index.ts'

/** Milliseconds that settling and closing get on top of the drain. */
const CLOSE_MARGIN_MS = 30_000

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

async function main(): Promise<void> {
  const config = readConfig()
  const logger = createLogger(config.logLevel)
  const companions: Companions = { postgres: null, sandbox: null }
  const appConfig = await complete(config, companions)
  const app = await buildApp(appConfig, logger)

  closeWithGrace(
    { delay: config.drainTimeoutMs + CLOSE_MARGIN_MS, logger: false },
    async ({ err, signal }) => {
      if (err) logger.fatal({ err }, 'stopping after an error that nothing caught')
      else logger.info({ signal }, 'stopping')
      await app.drain(err ? 0 : config.drainTimeoutMs)
      await app.close()
      await companions.sandbox?.close()
      await companions.postgres?.stop()
    },
  )

  const address = await app.listen({ host: config.host, port: config.port })
  if (companions.postgres) {
    const hashKey = createKeyHasher(appConfig.secretKeys)
    const key = await createDemoAccount(app.database.db, hashKey)
    if (key) process.stderr.write(welcome(`${address}/v1`, key))
  }
  logger.info({ address, upstream: app.upstream.baseUrl }, 'listening')
}

await main()
