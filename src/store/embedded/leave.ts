import type { Home } from './home.ts'
import type { Owner } from './owners.ts'
import type { Postmaster } from './postmaster.ts'
import { findPostmaster, stopPostmaster } from './postmaster.ts'
import { passDoor } from './session.ts'

type Leaving = {
  home: Home
  owner: Owner
  password: string
  /** The server that was used, for the case that its pid file is gone with the folder. */
  server?: Postmaster
}

/**
 * Ends one use of a server, and the server itself when nobody else uses it. That is decided and
 * done behind the door, so that nobody joins a server about to stop: who comes later waits there
 * until it has ended, and starts another.
 * @throws Error when the server does not stop
 */
export async function leaveServer({ home, owner, password, server }: Leaving): Promise<void> {
  owner.leave()
  const running = findPostmaster(home.cluster) ?? server
  // A pid file that came with a copy of the folder names the server of the original.
  if (!running || running.dataDir !== home.cluster || owner.othersAlive()) return
  // A server that hangs or is full is stopped all the same.
  const door = await passDoor({ port: running.port, password }).catch(() => undefined)
  try {
    if (!owner.othersAlive()) await stopPostmaster(running)
  } finally {
    await door?.leave()
  }
}
