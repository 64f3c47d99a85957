import Fastify, { type FastifyInstance } from 'fastify'
import type postgres from 'postgres'
import database from '../../plugins/database.ts'
import errors from '../../plugins/errors.ts'
import { adminRoutes } from '../../src/routes/admin/index.ts'
import { createKeyHasher } from '../../src/secrets/api-key.ts'
import { createSecretBox } from '../../src/secrets/secret-box.ts'
import { reseal } from '../../src/secrets/secret-rotation.ts'
import { AddressGuard, type Resolver } from '../../src/upstream/connect/address-guard.ts'
import { Proxies } from '../../src/upstream/connect/proxies.ts'
import { upstreamTarget } from '../../src/upstream/target.ts'
import { createTestDatabase } from '../harness/database.ts'

/** The one secret of SECRET_KEY. */
export const SECRET = 'a secret for the admin tests'

/** The name of the environment's provider. */
export const ENVIRONMENT = 'openai'

export type Admin = {
  app: FastifyInstance
  sql: postgres.Sql
  token: string
  close(): Promise<void>
}

type AdminSettings = {
  /** UPSTREAM_ALLOW_CIDRS. */
  allowCidrs?: string[]
}

/** Knows no name: nothing here depends on that of a network. */
const nobody: Resolver = (name, _options, callback) =>
  setImmediate(() => callback(new Error(`nobody knows ${name}`), []))

/** The admin API alone, on a database of its own. */
export async function startAdmin({ allowCidrs = [] }: AdminSettings = {}): Promise<Admin> {
  const { url, sql } = await createTestDatabase()
  const token = 'a token for the admin tests'
  const app = Fastify({
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: false } },
  })
  await app.register(errors)
  await app.register(database, { url, creditsPerUsd: 1000n })
  const secrets = [SECRET]
  const hashKey = createKeyHasher(secrets)
  const secretBox = createSecretBox(secrets)
  const guard = new AddressGuard(allowCidrs, nobody)
  const proxies = new Proxies({ http: null, https: null, direct: [] })
  const timeouts = { connectMs: 1_000, firstByteMs: 1_000, idleMs: 1_000 }
  const resealAll = () => reseal(app.database.db, secrets)
  const base = new URL('https://environment.example/v1?secret=canary-query')
  const environment = upstreamTarget(ENVIRONMENT, base, 'canary-environment-key', 'env')
  const options = {
    token,
    hashKey,
    secretBox,
    guard,
    proxies,
    timeouts,
    environment,
    reseal: resealAll,
  }
  await app.register(adminRoutes, { prefix: '/admin', ...options })
  const close = async () => {
    await app.close()
    await sql.end()
  }
  return { app, sql, token, close }
}
