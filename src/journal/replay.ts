import { createReadStream } from 'node:fs'
import { readdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Settlement } from '../store/settle.ts'
import { fromLine } from './line.ts'

/** A journal that nobody has touched for so many milliseconds has no owner any more. */
const OWNERLESS_MS = 15_000

/**
 * Settles what is left in the journals of this folder whose owners are gone: processes that were
 * killed, here or on a disk we share. Lines that were torn or damaged are passed over. To take a
 * live sibling for a dead one does no harm, since a hold is settled once.
 * @param own what the names of our own files begin with
 * @returns how many records were read
 */
export async function replayJournals(
  folder: string,
  own: string,
  settle: (settlement: Settlement) => Promise<unknown>,
): Promise<number> {
  let records = 0
  const names = (await readdir(folder)).filter((name) => name.endsWith('.journal'))
  for (const name of names.filter((one) => !one.startsWith(own))) {
    const file = join(folder, name)
    const { mtimeMs } = await stat(file)
    const untouched = Date.now() - mtimeMs > OWNERLESS_MS
    if (!untouched && isAlive(Number.parseInt(name, 10))) continue
    const settlements: Promise<unknown>[] = []
    for await (const line of createInterface({ input: createReadStream(file) })) {
      const settlement = fromLine(line)
      if (settlement) settlements.push(settle(settlement))
    }
    records += settlements.length
    await Promise.all(settlements)
    if (untouched) await unlink(file)
  }
  return records
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
