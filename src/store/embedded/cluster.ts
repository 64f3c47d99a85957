import { randomBytes } from 'node:crypto'
import { lchownSync, mkdirSync, writeFileSync } from 'node:fs'
import { homeAt } from './home.ts'
import type { OsUser } from './os-user.ts'
import { letIn } from './reach.ts'
import { run } from './run.ts'
import { ROLE } from './session.ts'

const PASSWORD_BYTES = 24

/** Written to postgresql.conf once, so that an operator can tune them there. */
const SETTINGS = {
  shared_buffers: '128MB',
  max_connections: '100',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // Whoever sends a statement tells its failure; without those the log stays short.
  log_min_messages: 'log',
  log_checkpoints: 'off',
}

/**
 * Fills the new folder `path` with a home: a cluster, its password, an empty list of owners.
 * @throws Error with what initdb said
 */
export async function fillHome(path: string, initdb: string, user?: OsUser): Promise<void> {
  const home = homeAt(path)
  mkdirSync(path, { mode: 0o700 })
  if (user) letIn(path, user)
  mkdirSync(home.owners, { mode: 0o700 })
  mkdirSync(home.cluster, { mode: 0o700 })
  const password = randomBytes(PASSWORD_BYTES).toString('base64url')
  writeFileSync(home.password, password, { flag: 'wx', mode: 0o600, flush: true })
  // initdb reads the password, and its user owns the database anyway.
  if (user) for (const part of [home.cluster, home.password]) lchownSync(part, user.uid, user.gid)

  const settings = Object.entries(SETTINGS).map(([name, value]) => `--set=${name}=${value}`)
  const options = [
    `--pgdata=${home.cluster}`,
    `--username=${ROLE}`,
    `--pwfile=${home.password}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // Postgres' own C.UTF-8: an index means the same whatever libc the machine has.
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    ...settings,
  ]
  await run(initdb, options, user)
}
