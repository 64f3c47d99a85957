import { existsSync, lstatSync, mkdtempSync, realpathSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, afterEach, vi } from 'vitest'
import { findPostmaster, stopPostmaster } from '../../src/store/embedded/postmaster.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const folders: string[] = []
const dataDirs: string[] = []
const removals: Promise<void>[] = []

/** A temporary folder of mode 0700, removed after the test. */
export function scratchFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tollkeeper-embedded-')))
  folders.push(folder)
  return folder
}

/** A DATA_DIR whose server, if one is left, is stopped after the test. */
export function scratchDataDir(dataDir = scratchFolder()): string {
  dataDirs.push(dataDir)
  return dataDir
}

/** The server of a DATA_DIR, undefined when none runs. */
export function serverOf(dataDir: string) {
  return findPostmaster(join(homeOf(dataDir), 'cluster'))
}

export function homeOf(dataDir: string): string {
  return realpathSync(join(dataDir, 'postgres'))
}

/** Runs one statement on a connection of its own. */
export async function query(url: string, statement: string) {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    return await sql.unsafe(statement)
  } finally {
    await sql.end()
  }
}

afterEach(async () => {
  for (const dataDir of dataDirs.splice(0)) await removeDatabase(join(dataDir, 'postgres'))
  for (const folder of folders.splice(0)) remove(folder)
})

/** Ends when all scratch folders are gone. */
export async function cleared(): Promise<void> {
  await Promise.all(removals)
}

afterAll(cleared)

async function removeDatabase(pointer: string): Promise<void> {
  if (!existsSync(pointer)) return
  const home = realpathSync(pointer)
  const server = findPostmaster(join(home, 'cluster'))
  if (server) await stopPostmaster(server)
  if (lstatSync(pointer).isSymbolicLink()) remove(home)
}

/** Not waited for until the end: on a disk mounted with `discard` it takes a second. */
function remove(folder: string): void {
  removals.push(rm(folder, { recursive: true, force: true }))
}
