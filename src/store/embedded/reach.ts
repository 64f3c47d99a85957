import { chmodSync, chownSync, lstatSync } from 'node:fs'
import { dirname } from 'node:path'
import type { OsUser } from './os-user.ts'
import { run } from './run.ts'

const PERMISSIONS = 0o777

/** Lets the group of `user` pass through a folder of root's; what is in it keeps its own mode. */
export function letIn(folder: string, user: OsUser): void {
  chownSync(folder, 0, user.gid)
  chmodSync(folder, 0o710)
}

/**
 * Opens DATA_DIR to the group of `user` when nothing else keeps that one out, and it is root's
 * alone because it was made so, not because somebody has set its group or access.
 */
export async function openDataDir(dataDir: string, user: OsUser): Promise<void> {
  const { uid, gid, mode } = lstatSync(dataDir)
  const isRoots = uid === 0 && (gid === 0 || gid === user.gid)
  if (!isRoots || (mode & PERMISSIONS) !== 0o700) return
  if (await canEnter(dirname(dataDir), user)) letIn(dataDir, user)
}

/** Asking is surer than reading modes: folders above and access lists count too. */
export async function canEnter(folder: string, user: OsUser): Promise<boolean> {
  return run('/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder], user).then(
    () => true,
    () => false,
  )
}
