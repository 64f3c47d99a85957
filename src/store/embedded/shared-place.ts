import { chmodSync, lstatSync, mkdirSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const SYSTEM_PLACE = '/var/lib/tollkeeper'
const GROUP_OR_OTHERS_WRITE = 0o022
const STICKY = 0o1000

/** Where root keeps the data of a DATA_DIR that Postgres' user cannot enter; never a tmp folder. */
export function placeForData(): string {
  return firstSafe([SYSTEM_PLACE])
}

/** Where root keeps copied programs; they can be copied again, so a tmp folder will do. */
export function placeForPrograms(): string {
  return firstSafe([SYSTEM_PLACE, join(tmpdir(), 'tollkeeper')])
}

function firstSafe(places: string[]): string {
  const faults: string[] = []
  for (const place of places) {
    try {
      return makeSafe(place)
    } catch (error) {
      faults.push((error as Error).message)
    }
  }
  throw new Error(
    `no place that the database's own user can reach (${faults.join('; ')}): ` +
      'put Tollkeeper and DATA_DIR where every user may enter, or do not start it as root',
  )
}

function makeSafe(place: string): string {
  // The umask of root may be 077, so the mode is set by name, but only on what was made here.
  if (mkdirSync(place, { recursive: true })) chmodSync(place, 0o755)
  assertOnlyRootWrites(place)
  return realpathSync(place)
}

/**
 * Nobody but root may be able to put something into `place` or to swap it or a folder above it:
 * what lies there is run.
 * @throws Error that names the folder
 */
export function assertOnlyRootWrites(place: string): void {
  if (!lstatSync(place).isDirectory()) throw new Error(`${place} is not a folder`)
  const real = realpathSync(place)
  for (let folder = real; ; folder = dirname(folder)) {
    const { uid, mode } = lstatSync(folder)
    if (uid !== 0) throw new Error(`${folder} does not belong to root`)
    // Sticky, as /tmp is: others may add to the folder, but not rename what root has in it.
    const open = mode & GROUP_OR_OTHERS_WRITE && !(mode & STICKY && folder !== real)
    if (open) throw new Error(`${folder} can be written by others than root`)
    if (folder === dirname(folder)) return
  }
}
