import { spawn } from 'node:child_process'
import { closeSync, constants, existsSync, fchownSync, openSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Home } from './home.ts'
import type { OsUser } from './os-user.ts'
import { spawnAs } from './run.ts'

/** The last lines are enough for a person to see what happened. */
const TOLD_LINES = 6

/** A server that was started here; `ended` is set when it is over. */
export type Launched = { pid: number | undefined; ended: boolean }

/** Given on the command line, so that no edit of postgresql.conf can put money or data at risk. */
const FIXED_SETTINGS = {
  listen_addresses: '127.0.0.1',
  // No unix socket: TCP with a password works however long the path of DATA_DIR is.
  unix_socket_directories: '',
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  log_destination: 'stderr',
  logging_collector: 'off',
}

/**
 * Starts a server on a free port, in a session of its own: the terminal's Ctrl-C is for the Node
 * process, which has money to settle before its database may go.
 */
export async function launch(
  postgres: string,
  home: Home,
  user: OsUser | undefined,
): Promise<Launched> {
  const settings = { ...FIXED_SETTINGS, port: String(await freePort()) }
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const log = openLog(home.log, user)
  const child = spawn(postgres, ['-D', home.cluster, ...options], {
    ...spawnAs(user),
    detached: true,
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  child.unref()

  const launched = { pid: child.pid, ended: false }
  const end = () => {
    launched.ended = true
  }
  child.once('exit', end).once('error', end)
  return launched
}

/** Emptied at each start, and never through a link that somebody may have put there. */
function openLog(file: string, user: OsUser | undefined): number {
  const { O_WRONLY, O_CREAT, O_APPEND, O_TRUNC, O_NOFOLLOW = 0 } = constants
  const log = openSync(file, O_WRONLY | O_CREAT | O_APPEND | O_TRUNC | O_NOFOLLOW, 0o600)
  if (user) fchownSync(log, user.uid, user.gid)
  return log
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

/** The end of the server's log; nothing when it has none. */
export function lastWords(home: Home): string {
  if (!existsSync(home.log)) return ''
  const lines = readFileSync(home.log, 'utf8').trim().split('\n')
  return lines.slice(-TOLD_LINES).join('\n')
}
