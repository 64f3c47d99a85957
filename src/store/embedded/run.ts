import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { OsUser } from './os-user.ts'

const execute = promisify(execFile)
/** initdb takes a second; a slow disk may need many. */
const PROGRAM_TIMEOUT_MS = 120_000

/**
 * What every program of the database gets: the caller's environment holds provider keys, which are
 * none of its business, and PG* variables, which would change what it does.
 */
export const PROGRAM_ENV = {
  PATH: process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
  LC_ALL: 'C',
}

/** Spawn options that run a program as `user`; from `/`, because it may not enter our folder. */
export function spawnAs(user: OsUser | undefined) {
  const owner = user ? { uid: user.uid, gid: user.gid } : {}
  return { cwd: '/', env: PROGRAM_ENV, ...owner }
}

/**
 * Runs a program to its end and gives its standard output.
 * @throws Error with what the program wrote to stderr
 */
export async function run(command: string, args: string[], user?: OsUser): Promise<string> {
  try {
    const { stdout } = await execute(command, args, {
      ...spawnAs(user),
      timeout: PROGRAM_TIMEOUT_MS,
    })
    return stdout
  } catch (cause) {
    throw new Error(failure(command, cause), { cause })
  }
}

function failure(command: string, cause: unknown): string {
  const { stderr, message } = cause as { stderr?: string; message: string }
  return `${command} failed: ${stderr?.trim() || message}`
}
