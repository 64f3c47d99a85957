import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { makeRunnable } from './binary-links.ts'
import { leftoversIn, makingBeside } from './making.ts'

/**
 * Copies the package's `native` folder below `target`, whole or not at all, unless it is there.
 * The parent of `target` must be a folder that only this user can write.
 * @returns the copy's `native` folder
 */
export function copyOnce(native: string, target: string): string {
  if (!existsSync(target)) copy(native, target)
  return join(target, 'native')
}

function copy(native: string, target: string): void {
  for (const path of leftoversIn(dirname(target))) {
    if (path.startsWith(target)) rmSync(path, { recursive: true, force: true })
  }
  const making = makingBeside(target)
  try {
    mkdirSync(making)
    cpSync(native, join(making, 'native'), { recursive: true, verbatimSymlinks: true })
    openToAll(making)
    makeRunnable(join(making, 'native'))
    renameSync(making, target)
  } catch (error) {
    rmSync(making, { recursive: true, force: true })
    // Another start was faster.
    if (!existsSync(target)) throw error
  }
}

/** The original may be closed to others; the copy is made for one of them. */
function openToAll(folder: string): void {
  chmodSync(folder, 0o755)
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isDirectory()) chmodSync(path, 0o755)
    if (entry.isFile()) chmodSync(path, statSync(path).mode & 0o111 ? 0o755 : 0o644)
  }
}
