import { execFileSync } from 'node:child_process'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type Fault, Skipped } from '../fault.ts'

/** The disk of the journal, and the bytes that fill it at a time. */
const DISK = '16m'
const FILL_BYTES = 4_096

/** Milliseconds the disk is full, and until the next time. */
const FULL_MS = 10_000
const BETWEEN_MS = 8_000

/** The disk of the journal is full: what runs is settled all the same, and nothing new begins. */
export const diskFull: Fault = {
  name: 'disk-full',
  says: 'the disk under the journal of one instance is full for 10 s',
  takes: '3 times in 1.5 min; root only, since it mounts a small disk',
  size: { runs: 3, streams: 120, instances: 2 },
  nobodyDies: true,

  async play(stage) {
    const victim = stage.turn(0)
    await victim.stop()
    const unmount = mountSmallDisk(victim.dataDir)
    stage.scene.closing.add(async () => unmount())
    await victim.start()
    stage.load.begin(stage.size.streams)
    for (let run = 0; run < stage.size.runs; run++) {
      await stage.filled(victim)
      const back = stage.ledgerAway([victim])
      const free = fill(join(victim.dataDir, 'filler'))
      await stage.rest(FULL_MS)
      free()
      back()
      await stage.served(victim)
      await stage.rest(BETWEEN_MS)
      stage.played()
    }
    await stage.load.end()
    const refused = stage.load.seen.filter(({ code }) => code === 'ledger_unavailable').length
    stage.note(`${refused} requests were refused while the disk was full`)
    if (refused === 0) stage.broke('no request was refused: nothing has been shown')
    const code = await victim.stop() // settles everything, and then its disk can go
    if (code !== 0) stage.broke(`${victim.name} ended with exit code ${code} after SIGTERM`)
  },
}

/** @throws Skipped where we may not mount */
function mountSmallDisk(folder: string): () => void {
  try {
    const options = ['-t', 'tmpfs', '-o', `size=${DISK},mode=0700`, 'tmpfs', folder]
    execFileSync('mount', options, { stdio: 'pipe' })
  } catch (error) {
    throw new Skipped(`a small disk can not be mounted: ${(error as Error).message.trim()}`)
  }
  return () => execFileSync('umount', [folder])
}

/** Fills the disk with one file. @returns removes it */
function fill(file: string): () => void {
  const handle = openSync(file, 'w')
  try {
    for (;;) writeSync(handle, Buffer.alloc(FILL_BYTES))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  } finally {
    closeSync(handle)
  }
  return () => rmSync(file)
}
