import { setTimeout as sleep } from 'node:timers/promises'
import type { Home } from './home.ts'
import type { Launched } from './launch.ts'
import { lastWords, launch } from './launch.ts'
import type { OsUser } from './os-user.ts'
import type { Postmaster } from './postmaster.ts'
import { findPostmaster } from './postmaster.ts'
import { enter, WrongServer } from './session.ts'

/** Recovery after a crash is part of the start and may read a gigabyte of log. */
const START_TIMEOUT_MS = 120_000
const POLL_MS = 15
const RELAUNCH_DELAY_MS = 250
/** The server was beaten to its data or its port, or orphans of a killed one are still ending. */
const PASSING_FAULT = /lock file "postmaster\.pid"|shared memory block|could not bind|in use/

type Serving = { home: Home; postgres: string; user: OsUser | undefined; password: string }

/**
 * Brings the caller together with the one server of a cluster: the one that runs, else a new one.
 * It does not matter how many processes try at once, as Postgres lets only one server have the
 * data; the others find it at their next look.
 * @throws Error with the server's last words, or WrongServer
 */
export async function serve(serving: Serving): Promise<{ server: Postmaster; adopted: boolean }> {
  const { home, postgres, user, password } = serving
  const deadline = performance.now() + START_TIMEOUT_MS
  let own: Launched | undefined
  let fault: unknown
  while (performance.now() < deadline) {
    const server = findPostmaster(home.cluster)
    if (server?.ready) {
      fault = await enter({ port: server.port, password }, home.cluster).catch((error) => error)
      if (!fault) return { server, adopted: server.pid !== own?.pid }
      if (fault instanceof WrongServer) throw fault
    } else if (!server && (!own || own.ended)) {
      if (own) await waitOrFail(home)
      own = await launch(postgres, home, user)
    }
    await sleep(POLL_MS)
  }
  const late = `it was not ready after ${START_TIMEOUT_MS} ms; ${home.log} ends with:`
  throw new Error(`${late}\n${lastWords(home)}`, { cause: fault })
}

async function waitOrFail(home: Home): Promise<void> {
  const words = lastWords(home)
  if (!PASSING_FAULT.test(words)) throw new Error(words)
  await sleep(RELAUNCH_DELAY_MS)
}
