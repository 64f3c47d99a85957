/** Starts the real server, as a user starts it, with a database and a log of its own. */
import { randomBytes } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { chmod, mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../test/harness/free-port.ts'
import { type Owned, start } from '../processes.ts'
import { untilAnswers } from './ready.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const SERVER = 'src/server.ts'
/** Time for initdb, migrations and the first /readyz, in ms. */
const START_MS = 120_000
const LOG_TAIL_LINES = 20

export interface Server {
  process: Owned
  port: number
  /** http://127.0.0.1:PORT */
  origin: string
  /** Of the admin API. */
  token: string
  /** The processes of its embedded Postgres, as long as they run. */
  postmasters: () => number[]
}

/**
 * Starts `node src/server.ts` in a directory and waits until it is ready; throws with the end of
 * its log when it is not.
 */
export async function launchServer(
  directory: string,
  settings: NodeJS.ProcessEnv,
): Promise<Server> {
  // The embedded Postgres runs under a user of its own, who must be able to pass through.
  await chmod(directory, 0o711)
  const data = join(directory, 'data')
  await mkdir(data)
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const token = randomBytes(24).toString('hex')
  const log = join(directory, 'tollkeeper.log')
  const own = { HOST: '127.0.0.1', PORT: String(port), DATA_DIR: data, ADMIN_TOKEN: token }
  const process = await launch(data, log, { ...own, ...settings })
  try {
    await untilAnswers(`${origin}/readyz`, START_MS, process)
    return { process, port, origin, token, postmasters: () => postmasters(data) }
  } catch (error) {
    const lines = (await readFile(log, 'utf8')).trimEnd().split('\n').slice(-LOG_TAIL_LINES)
    throw new Error(`${String(error)}\nthe end of its log:\n${lines.join('\n')}`)
  }
}

/** Only the named settings, so that no DATABASE_URL of the shell points it at a real database. */
async function launch(data: string, log: string, settings: NodeJS.ProcessEnv): Promise<Owned> {
  const { PATH, HOME, LANG } = process.env
  const file = await open(log, 'a')
  const server = await start('tollkeeper', process.execPath, [SERVER], {
    cwd: ROOT,
    stdio: ['ignore', file.fd, file.fd],
    env: { PATH, HOME, LANG, ...settings },
    others: () => postmasters(data),
  })
  await file.close()
  return server
}

/** A killed server leaves its Postgres running: the pid files below the data directory name it. */
function postmasters(data: string): number[] {
  const files = globSync('{,*/,*/*/}postmaster.pid', { cwd: data })
  return files.flatMap((file) => {
    const pid = Number.parseInt(readFileSync(join(data, file), 'latin1'), 10)
    return pid > 0 ? [pid] : []
  })
}
