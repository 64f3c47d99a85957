import { createHash, randomBytes } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmdirSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { OsUser } from './os-user.ts'
import { canEnter } from './reach.ts'
import { placeForData } from './shared-place.ts'

/** The paths of one database. */
export type Home = {
  cluster: string
  /** The generated password of the database's only role, mode 0600. */
  password: string
  /** See owners.ts. */
  owners: string
  log: string
}

/** The parts of a home at `path`. */
export function homeAt(path: string): Home {
  const part = (name: string) => join(path, name)
  return {
    cluster: part('cluster'),
    password: part('password'),
    owners: part('owners'),
    log: part('postgres.log'),
  }
}

/** Makes DATA_DIR when it is missing and gives its real path. */
export function makeDataDir(dataDir: string): string {
  const folder = resolve(dataDir)
  mkdirSync(dirname(folder), { recursive: true })
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true, mode: 0o700 })
  return realpathSync(folder)
}

/** Where DATA_DIR's database is to be found: a folder, or a link to one (see `placeFor`). */
export function pointerIn(dataDir: string): string {
  return join(dataDir, 'postgres')
}

/**
 * The real path of DATA_DIR's database, undefined when none has been made yet.
 * @throws Error when its files are gone or something else has its name
 */
export function findHome(dataDir: string): string | undefined {
  const pointer = pointerIn(dataDir)
  const found = lstatSync(pointer, { throwIfNoEntry: false })
  if (!found) return undefined
  if (!existsSync(pointer)) {
    // Starting empty here would be starting without the ledger.
    throw new Error(
      `its data was kept in ${readlinkSync(pointer)}, which is gone: ` +
        `bring that back, or remove ${pointer} to start with an empty database`,
    )
  }
  if (existsSync(join(pointer, 'cluster', 'PG_VERSION'))) return realpathSync(pointer)
  if (!found.isDirectory() || readdirSync(pointer).length > 0) {
    throw new Error(`${pointer} is not a database of Tollkeeper: move it away`)
  }
  rmdirSync(pointer)
  return undefined
}

/**
 * Where to make the database of DATA_DIR: inside it, or, where `user` cannot enter it, in a place
 * of the system's under a name made from the folder's. That name has a random end: when DATA_DIR
 * was deleted to start afresh, what it pointed to must not come back.
 */
export async function placeFor(dataDir: string, user: OsUser | undefined): Promise<string> {
  if (!user || (await canEnter(dataDir, user))) return pointerIn(dataDir)
  const key = createHash('sha256').update(dataDir).digest('hex').slice(0, 12)
  const end = randomBytes(4).toString('hex')
  return join(placeForData(), `data-${key}-${end}`)
}
