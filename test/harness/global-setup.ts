import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import type { TestProject } from 'vitest/node'
import { startEmbeddedPostgres } from '../../src/store/embedded/index.ts'
import { migrate } from '../../src/store/migrate.ts'
import { SECRETS } from './secrets.ts'

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string
    logDir: string
  }
}

/** The database that every test file clones: migrated once. */
export const TEMPLATE = 'tollkeeper_template'

/** A real Postgres for the whole run, and a folder for every log line any app of it writes. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tollkeeper-test-'))
  const database = await startEmbeddedPostgres({ dataDir })
  const sql = postgres(database.url, { max: 1 })
  await sql.unsafe(`create database ${TEMPLATE}`)
  // A busy disk keeps no commit waiting: a request is refused where the ledger takes too long.
  await sql.unsafe('alter role all set synchronous_commit = off')
  await sql.end()
  await migrate(database.url.replace(/[^/]*$/, TEMPLATE))
  const logDir = await mkdtemp(join(tmpdir(), 'tollkeeper-logs-'))
  project.provide('postgresUrl', database.url)
  project.provide('logDir', logDir)
  return async () => {
    await database.stop()
    await rm(dataDir, { recursive: true, force: true })
    const leaks = await findSecrets(logDir)
    await rm(logDir, { recursive: true, force: true })
    if (leaks.length > 0) throw new Error(`secrets in the log of this run:\n${leaks.join('\n')}`)
  }
}

/** Every log line of the run in which a secret stands. */
async function findSecrets(logDir: string): Promise<string[]> {
  const leaks: string[] = []
  for (const file of (await readdir(logDir)).filter((name) => name.endsWith('.log'))) {
    const lines = (await readFile(join(logDir, file), 'utf8')).split('\n')
    leaks.push(...lines.filter((line) => SECRETS.some((secret) => secret.test(line))))
  }
  return leaks
}
