import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { keptSecret } from '../../src/data-dir.ts'
import { createTestDatabase } from '../harness/database.ts'
import { startServer } from './server-process.ts'

let folder: string
let databaseUrl: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollkeeper-refusals-'))
  const { url, sql } = await createTestDatabase()
  databaseUrl = url
  await sql.end()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** What a server says that does not start. */
async function refusalOf(env: Record<string, string>): Promise<string> {
  const secrets = { SECRET_KEY: 'x'.repeat(16), ADMIN_TOKEN: 'y'.repeat(16) }
  const server = startServer({ DATA_DIR: folder, DATABASE_URL: databaseUrl, ...secrets, ...env })
  expect(await server.ended).toBe(1)
  return server.stderr()
}

test('a Postgres that is not there is told of with the variable that names it', async () => {
  const said = await refusalOf({ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' })
  expect(said).toMatch(/^Tollkeeper did not start: Postgres \(DATABASE_URL\) .*ECONNREFUSED/)
})

test('a port that is taken is told of with the variables that choose it', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as { port: number }
  const said = await refusalOf({ PORT: String(port) })
  expect(said).toMatch(/^Tollkeeper did not start: HOST and PORT .*EADDRINUSE/)
  const saidOfAdmin = await refusalOf({ ADMIN_PORT: String(port) })
  expect(saidOfAdmin).toMatch(/^Tollkeeper did not start: HOST and ADMIN_PORT .*EADDRINUSE.*\n$/)
  taken.close()
})

test('a folder that can not be written is told of with the variable that names it', async () => {
  const said = await refusalOf({ DATA_DIR: '/dev/null' })
  expect(said).toMatch(/^Tollkeeper did not start: The journal in DATA_DIR .*ENOTDIR/)
})

test('a secret that can not be kept is told of with its name and its folder', async () => {
  const said = await refusalOf({ DATA_DIR: '/dev/null', ADMIN_TOKEN: '' })
  expect(said).toMatch(/^Tollkeeper did not start: The admin-token in DATA_DIR .*\/dev\/null/)
})

test('a secret of which the disk kept nothing is never taken for one', async () => {
  await writeFile(join(folder, 'hollow'), '')
  await expect(keptSecret(folder, 'hollow')).rejects.toThrow(/hollow is empty: put its secret back/)
})

test('processes that make a secret at once agree on one, and leave nothing else', async () => {
  const made = await Promise.all(Array.from({ length: 20 }, () => keptSecret(folder, 'shared')))
  expect(new Set(made)).toEqual(new Set([await readFile(join(folder, 'shared'), 'utf8')]))
  expect(made[0]).toHaveLength(43)
  expect((await readdir(folder)).filter((name) => name.includes('making'))).toEqual([])
})
