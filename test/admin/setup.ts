import Fastify, { type FastifyInstance } from 'fastify'
import type postgres from 'postgres'
import database from '../../plugins/database.ts'
import errors from '../../plugins/errors.ts'
import { createKeyHasher } from '../../src/api-key.ts'
import { adminRoutes } from '../../src/routes/admin/index.ts'
import { createSecretBox } from '../../src/secret-box.ts'
import { AddressGuard } from '../../src/upstream/address-guard.ts'
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
  const guard = new AddressGuard(allowCidrs)
  const timeouts = { connectMs: 1_000, firstByteMs: 1_000, idleMs: 1_000 }
  const options = { token, hashKey, secretBox, guard, timeouts, environment: ENVIRONMENT }
  await app.register(adminRoutes, { prefix: '/admin', ...options })
  const close = async () => {
    await app.close()
    await sql.end()
  }
  return { app, sql, token, close }
}
