import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { findBinaries } from './binaries.ts'
import { findHome, homeAt, makeDataDir } from './home.ts'
import { leaveServer } from './leave.ts'
import { makeHome } from './make-home.ts'
import { userForPostgres } from './os-user.ts'
import { joinOwners } from './owners.ts'
import { openDataDir } from './reach.ts'
import { serve } from './serve.ts'
import { urlOf } from './session.ts'

/** A running database and this process's share in it. */
export type EmbeddedPostgres = {
  /** `postgres://...`, for postgres.js. */
  url: string
  /** The server ran already: another process, living or killed, has started it. */
  adopted: boolean
  /**
   * Gives up the share; the last one to do so stops the server and waits for its end.
   * @throws Error when the server does not stop
   */
  stop(): Promise<void>
}

type Log = (line: string) => void

/**
 * Starts the Postgres whose data is in `dataDir` (made at the first start), or joins it where it
 * runs. The server outlives this process unless `stop` is called. Containers must not share
 * `dataDir` at one time: neither Tollkeeper nor Postgres sees the other's processes there.
 * @throws Error with a sentence that names the folder and what to do
 */
export async function startEmbeddedPostgres(options: {
  dataDir: string
  log?: Log
}): Promise<EmbeddedPostgres> {
  const folder = resolve(options.dataDir)
  try {
    return await start(folder, options.log ?? (() => {}))
  } catch (cause) {
    throw explained(folder, cause as NodeJS.ErrnoException)
  }
}

function explained(folder: string, cause: NodeJS.ErrnoException): Error {
  const isForeign = cause.code === 'EACCES' || cause.code === 'EPERM'
  const advice = isForeign ? 'Start Tollkeeper as the user whom this belongs to' : 'Mend that'
  return new Error(
    `The embedded database in ${folder} did not start: ${cause.message}. ` +
      `${advice}, choose another DATA_DIR, or set DATABASE_URL to a Postgres of your own.`,
    { cause },
  )
}

async function start(folder: string, log: Log): Promise<EmbeddedPostgres> {
  if (process.platform === 'win32') throw new Error('it needs an operating system with signals')
  const dataDir = makeDataDir(folder)
  const found = findHome(dataDir)
  const user = await userForPostgres(found && homeAt(found).cluster)
  if (user) await openDataDir(dataDir, user)
  const { initdb, postgres } = await findBinaries({ dataDir, user, log })
  if (!found) await makeHome({ dataDir, initdb, user, log })
  const home = homeAt(found ?? findHome(dataDir) ?? '')
  const password = readFileSync(home.password, 'utf8')

  // On the list before the first look at the server: from then on nobody else stops it.
  const owner = joinOwners(home.owners)
  try {
    const { server, adopted } = await serve({ home, postgres, user, password })
    log(`${adopted ? 'joined' : 'started'} Postgres, process ${server.pid}, in ${home.cluster}`)
    let stopped: Promise<void> | undefined
    const stop = () => {
      stopped ??= leaveServer({ home, owner, password, server })
      return stopped
    }
    return { url: urlOf({ port: server.port, password }), adopted, stop }
  } catch (error) {
    await leaveServer({ home, owner, password }).catch(() => {})
    throw error
  }
}
