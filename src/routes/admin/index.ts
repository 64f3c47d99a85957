import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import type { UpstreamTimeouts } from '../../config.ts'
import { requireAdminToken } from '../../secrets/admin-token.ts'
import type { SecretBox } from '../../secrets/secret-box.ts'
import type { Resealed } from '../../secrets/secret-rotation.ts'
import type { AddressGuard } from '../../upstream/connect/address-guard.ts'
import type { Proxies } from '../../upstream/connect/proxies.ts'
import type { UpstreamTarget } from '../../upstream/target.ts'
import { accountRoutes } from './accounts.ts'
import { adjustmentRoutes } from './adjustments.ts'
import { auditRoutes } from './audit.ts'
import { correctionRoutes } from './corrections.ts'
import { doctorRoutes } from './doctor.ts'
import { grantRoutes } from './grants.ts'
import { keyRoutes } from './keys.ts'
import { ledgerRoutes } from './ledger.ts'
import { logLevelRoutes } from './log-level.ts'
import { modelRoutes } from './models.ts'
import { priceImportRoutes } from './price-import.ts'
import { priceRoutes } from './prices.ts'
import { providerRoutes } from './providers.ts'
import { requestRoutes } from './requests.ts'
import { tierRoutes } from './tiers.ts'
import { usageRoutes } from './usage.ts'

export type AdminOptions = {
  /** The bearer token of the admin API. */
  token: string
  /** Hashes of an API key, newest secret first. */
  hashKey: (key: string) => Buffer[]
  /** Encrypts the keys of providers. */
  secretBox: SecretBox
  /** Judges where a provider may lead. */
  guard: AddressGuard
  /** Who resolves the names of upstreams in our place. */
  proxies: Proxies
  /** How long an upstream may take. */
  timeouts: UpstreamTimeouts
  /** The environment's provider, which can not be changed here. */
  environment: UpstreamTarget
  /** Makes the first secret of SECRET_KEY the only one that is needed. */
  reseal(): Promise<Resealed>
}

/** The admin API. Every route needs the admin token. */
export const adminRoutes: FastifyPluginAsync<AdminOptions> = async (app, options) => {
  const { hashKey, secretBox, guard, proxies, timeouts, environment, reseal } = options
  app.addHook('onRequest', requireAdminToken(options.token))
  await app.register(accountRoutes)
  await app.register(keyRoutes, { hashKey })
  await app.register(grantRoutes)
  await app.register(adjustmentRoutes)
  await app.register(ledgerRoutes)
  await app.register(async (catalogue) => {
    knowAtOnce(catalogue)
    await catalogue.register(tierRoutes)
    await catalogue.register(providerRoutes, { secretBox, guard, proxies, environment, reseal })
    await catalogue.register(modelRoutes, { environment: environment.provider })
    await catalogue.register(priceRoutes)
    await catalogue.register(priceImportRoutes)
  })
  await app.register(doctorRoutes, { secretBox, guard, proxies, timeouts, environment })
  await app.register(correctionRoutes)
  await app.register(requestRoutes)
  await app.register(usageRoutes)
  await app.register(auditRoutes)
  await app.register(logLevelRoutes)
}

/** What has changed here is in force on this instance when its answer goes; others hear of it. */
function knowAtOnce(app: FastifyInstance): void {
  app.addHook('onSend', async ({ method, log }, { statusCode }) => {
    if (method === 'GET' || method === 'HEAD' || statusCode >= 400) return
    await app.database
      .reloadCatalogue()
      .catch((err) => log.warn({ err }, 'the catalogue could not be read again'))
  })
}
