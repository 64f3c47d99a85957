import { chmodSync, existsSync, lstatSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

const PROGRAMS = ['bin/initdb', 'bin/postgres']
const EVERYONE_RUNS = 0o555

/**
 * Does what the package's install script does, for installs that run no scripts: the npm registry
 * carries neither symlinks nor, by way of some package managers, the mode of a program.
 * @returns false when something is missing and the folder cannot be written
 */
export function makeRunnable(native: string): boolean {
  try {
    for (const { source, target } of listedLinks(native)) link(native, source, target)
    for (const program of PROGRAMS) {
      const file = join(native, program)
      const { mode } = statSync(file)
      if ((mode & EVERYONE_RUNS) !== EVERYONE_RUNS) chmodSync(file, mode | EVERYONE_RUNS)
    }
    return true
  } catch {
    return false
  }
}

/** Paths in the list are relative to the package, so they begin with `native/`. */
function listedLinks(native: string): { source: string; target: string }[] {
  const list = join(native, 'pg-symlinks.json')
  return existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')) : []
}

function link(native: string, source: string, target: string): void {
  const path = join(dirname(native), target)
  if (lstatSync(path, { throwIfNoEntry: false })) return
  try {
    symlinkSync(basename(source), path)
  } catch (error) {
    // Another start was faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}
