import { randomUUIDv7 } from 'node:crypto'
import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from 'fastify'
import adminPort from '../plugins/admin-port.ts'
import audit from '../plugins/audit.ts'
import auth from '../plugins/auth.ts'
import buffers from '../plugins/buffers.ts'
import clock from '../plugins/clock.ts'
import credit from '../plugins/credit.ts'
import database from '../plugins/database.ts'
import errors, { frameworkErrors } from '../plugins/errors.ts'
import idempotency from '../plugins/idempotency.ts'
import journal from '../plugins/journal.ts'
import leases from '../plugins/leases.ts'
import metrics from '../plugins/metrics.ts'
import observability from '../plugins/observability.ts'
import provider from '../plugins/provider.ts'
import reference from '../plugins/reference.ts'
import routing from '../plugins/routing.ts'
import settlement from '../plugins/settlement.ts'
import tier from '../plugins/tier.ts'
import { type Clock, SYSTEM_CLOCK } from './clock.ts'
import type { Config } from './config.ts'
import type { AuditPace } from './credit/auditor.ts'
import { createClientErrorHandler } from './http/client-error.ts'
import { idleConnections } from './http/idle-connections.ts'
import { answerExpectations, HTTP_OPTIONS } from './http/server.ts'
import { adminRoutes } from './routes/admin/index.ts'
import { health } from './routes/health.ts'
import { v1 } from './routes/v1/index.ts'
import { createKeyHasher } from './secrets/api-key.ts'
import { createSecretBox } from './secrets/secret-box.ts'
import { everySecret, reseal } from './secrets/secret-rotation.ts'
import { AddressGuard, type Resolver } from './upstream/connect/address-guard.ts'
import { Proxies } from './upstream/connect/proxies.ts'
import { upstreamTarget } from './upstream/target.ts'
import { createTargets } from './upstream/targets.ts'
import { normalUrl } from './wire/path.ts'
import { UNDESCRIBED_PROFILE } from './wire/profile.ts'

/** What the process edge found out before the app can be built. */
export type AppConfig = Config & {
  databaseUrl: string
  secretKeys: string[]
  /** `off` serves no admin API. */
  adminToken: string
  upstream: NonNullable<Config['upstream']>
  /** Another way to resolve the names of upstreams. */
  resolver?: Resolver
  /** Another clock for circuits and retries. */
  routingClock?: Pick<Clock, 'now'>
  /** Another pace for the audit that runs by itself. */
  auditPace?: Partial<AuditPace>
}

/**
 * The app, as a function of its configuration. The plugins are in the order a request meets them.
 */
export async function buildApp(
  config: AppConfig,
  loggerInstance: FastifyBaseLogger,
): Promise<FastifyInstance> {
  const app = createServer(config, loggerInstance)
  const { baseUrl, apiKey } = config.upstream
  const environment = upstreamTarget(
    config.providerName,
    baseUrl,
    apiKey,
    'env',
    UNDESCRIBED_PROFILE,
  )
  const secretBox = createSecretBox(config.secretKeys)
  const guard = new AddressGuard(config.upstreamAllowCidrs, config.resolver)
  const proxies = new Proxies(config.proxies)

  await app.register(errors)
  await app.register(observability)
  await app.register(adminPort, { port: config.adminPort })
  await app.register(buffers, { bytesMax: config.bufferBudgetBytes })
  await app.register(database, { url: config.databaseUrl, creditsPerUsd: config.creditsPerUsd })
  warnOfNamesake(app, environment.provider)
  const secrets = await findSecrets(app, config.secretKeys)
  const hashKey = createKeyHasher(secrets)
  await app.register(auth, { hashKey })
  await app.register(routing, { clock: config.routingClock ?? SYSTEM_CLOCK })
  await app.register(tier, {
    environment,
    targetOf: createTargets(secretBox),
    creditsPerUsd: config.creditsPerUsd,
    fallbackPer1000Tokens: config.fallbackPer1000Tokens,
  })
  await app.register(idempotency, { secretKeys: secrets })
  await app.register(credit)
  await app.register(journal, { dataDir: config.dataDir })
  await app.register(settlement)
  await app.register(provider, {
    environment,
    guard,
    proxies,
    timeouts: config.timeouts,
    commitMs: config.streamCommitMs,
    estimation: config.tokenEstimation,
  })
  const isPublic = config.adminPort === null
  await app.register(reference, { token: config.adminToken, isPublic })
  await app.register(metrics, {
    token: config.adminToken,
    isPublic,
    environment: environment.provider,
  })
  await app.register(leases)
  await app.register(audit, config.auditPace ?? {})
  await app.register(clock)

  await app.register(v1, { prefix: '/v1' })
  if (config.adminToken !== 'off') {
    await app.register(adminRoutes, {
      prefix: '/admin',
      token: config.adminToken,
      environment,
      reseal: () => reseal(app.database.db, config.secretKeys),
      hashKey,
      secretBox,
      guard,
      proxies,
      timeouts: config.timeouts,
    })
  }
  await app.register(health)
  return app
}

/** The secrets that something may be hashed under: also those that SECRET_KEY had before. */
async function findSecrets(app: FastifyInstance, secretKeys: string[]): Promise<string[]> {
  const { secrets, unreadable } = await everySecret(app.database.db, secretKeys)
  if (unreadable > 0) {
    app.log.warn({ unreadable }, 'API keys of before do not work: SECRET_KEY opens too little')
  }
  return secrets
}

/** Routes lead to the database's provider of a name, and the price of it is that of both. */
function warnOfNamesake(app: FastifyInstance, provider: string): void {
  if (!app.database.catalogue().providers.has(provider)) return
  app.log.warn({ provider }, 'the provider of the environment has a namesake in the database')
}

/** Fastify, as it meets HTTP: limits, ids, and answers to what is no request. */
function createServer(config: AppConfig, loggerInstance: FastifyBaseLogger): FastifyInstance {
  const app = fastify({
    loggerInstance,
    logController: new LogController({
      disableRequestLogging: true,
      requestIdLogLabel: 'request_id',
    }),
    genReqId: () => randomUUIDv7(),
    requestIdHeader: false,
    bodyLimit: config.bodyLimitBytes,
    trustProxy: config.trustProxy,
    keepAliveTimeout: HTTP_OPTIONS.keepAliveTimeout,
    requestTimeout: HTTP_OPTIONS.requestTimeout,
    http: HTTP_OPTIONS,
    routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true, maxParamLength: 512 },
    rewriteUrl: ({ url = '/' }) => normalUrl(url),
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
    frameworkErrors,
    clientErrorHandler: createClientErrorHandler(loggerInstance),
  })
  answerExpectations(app.server, app.routing)
  const endIdle = idleConnections(app.server)
  app.addHook('preClose', async () => endIdle())
  return app
}
