import { closeSync, fsyncSync, openSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import { fillHome } from './cluster.ts'
import { homeAt, placeFor, pointerIn } from './home.ts'
import { leftoversIn, makingBeside } from './making.ts'
import type { OsUser } from './os-user.ts'
import { run } from './run.ts'

type Making = {
  /** The real path of DATA_DIR. */
  dataDir: string
  initdb: string
  user: OsUser | undefined
  log: (line: string) => void
}

/** What rename and symlink say when another process has published its home first. */
const TAKEN = ['EEXIST', 'ENOTEMPTY']

/**
 * Makes the home of DATA_DIR, whole or not at all: it is built under another name and published
 * by one rename, or by one symlink where it lies elsewhere. Another process that does the same at
 * the same time may win; then its home is the one.
 * @throws Error with what initdb said, or that there is no place for it
 */
export async function makeHome({ dataDir, initdb, user, log }: Making): Promise<void> {
  const place = await placeFor(dataDir, user)
  const pointer = pointerIn(dataDir)
  for (const path of leftoversIn(dirname(place))) await discard(path, user)
  const making = makingBeside(place)
  try {
    await fillHome(making, initdb, user)
    renameSync(making, place)
    syncFolder(dirname(place))
    if (place !== pointer) pointTo(place, pointer)
    log(`made a new Postgres cluster in ${place}`)
  } catch (error) {
    await discard(making, user)
    if (place !== pointer) await discard(place, user)
    if (!TAKEN.includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}

function pointTo(place: string, pointer: string): void {
  symlinkSync(place, pointer)
  syncFolder(dirname(pointer))
}

/** The cluster is emptied as its owner: root does not walk a tree that another user can change. */
async function discard(path: string, user: OsUser | undefined): Promise<void> {
  await run('rm', ['-rf', '--', homeAt(path).cluster], user).catch(() => {})
  rmSync(path, { recursive: true, force: true })
}

/** A power cut must not take back a name that money has been entered under. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } catch {
    // Some file systems do this for files only; they write names at once.
  } finally {
    closeSync(handle)
  }
}
