import { randomUUID } from 'node:crypto'
import Fastify, { type FastifyInstance } from 'fastify'
import postgres from 'postgres'
import database from '../../plugins/database.ts'
import errors from '../../plugins/errors.ts'
import { createKeyHasher } from '../../src/api-key.ts'
import { adminRoutes } from '../../src/routes/admin/index.ts'

const SERVER = 'postgres://postgres@127.0.0.1:54999'

export type Admin = {
  app: FastifyInstance
  sql: postgres.Sql
  token: string
  close(): Promise<void>
}

/** The admin API on a database of its own. */
export async function startAdmin(): Promise<Admin> {
  const name = `admin_dev_${randomUUID().replaceAll('-', '')}`
  const server = postgres(SERVER, { max: 1, onnotice: () => {} })
  await server.unsafe(`create database ${name}`)
  const token = 'a token for the admin tests'
  const app = Fastify({
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: false } },
  })
  await app.register(errors)
  await app.register(database, { url: `${SERVER}/${name}`, creditsPerUsd: 1000n })
  const hashKey = createKeyHasher(['a secret for the admin tests'])
  await app.register(adminRoutes, { prefix: '/admin', token, hashKey })
  const sql = postgres(`${SERVER}/${name}`, { max: 2, onnotice: () => {} })
  const close = async () => {
    await app.close()
    await sql.end()
    await server.unsafe(`drop database ${name} with (force)`)
    await server.end()
  }
  return { app, sql, token, close }
}
