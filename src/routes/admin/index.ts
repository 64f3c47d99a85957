import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyPluginAsync, onRequestAsyncHookHandler } from 'fastify'
import { ProxyError } from '../../errors.ts'
import { accountRoutes } from './accounts.ts'
import { auditRoutes } from './audit.ts'
import { grantRoutes } from './grants.ts'
import { keyRoutes } from './keys.ts'
import { ledgerRoutes } from './ledger.ts'
import { modelRoutes } from './models.ts'
import { priceRoutes } from './prices.ts'
import { requestRoutes } from './requests.ts'
import { tierRoutes } from './tiers.ts'

export type AdminOptions = {
  /** The bearer token of the admin API. */
  token: string
  /** Hashes of an API key, newest secret first. */
  hashKey: (key: string) => Buffer[]
}

/** The admin API. Every route needs the admin token. */
export const adminRoutes: FastifyPluginAsync<AdminOptions> = async (app, { token, hashKey }) => {
  app.addHook('onRequest', requireToken(token))
  await app.register(accountRoutes)
  await app.register(keyRoutes, { hashKey })
  await app.register(grantRoutes)
  await app.register(ledgerRoutes)
  await app.register(tierRoutes)
  await app.register(modelRoutes)
  await app.register(priceRoutes)
  await app.register(requestRoutes)
  await app.register(auditRoutes)
}

/** Compares digests, so that the time taken tells neither length nor content of the token. */
function requireToken(token: string): onRequestAsyncHookHandler {
  const expected = sha256(token)
  return async (request, reply) => {
    const given = request.headers.authorization?.match(/^bearer +(.+)$/i)?.[1]
    if (given === undefined || !timingSafeEqual(sha256(given), expected)) {
      throw new ProxyError('invalid_api_key', { message: 'Incorrect admin token provided.' })
    }
    reply.header('cache-control', 'no-store') // an answer may carry a new key
  }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
