import * as fs from 'node:fs'
import { join } from 'node:path'
import { type Clock, SYSTEM_CLOCK } from '../clock.ts'
import { StandstillWatch } from '../domain/watch.ts'
import type { Settlement } from '../store/lanes/settle.ts'
import type { Disk } from './disk.ts'
import type { Damage, Journal } from './journal.ts'

/** Milliseconds a journal must stay untouched, seen by us, to have no owner any more. */
const OWNERLESS_MS = 10_000

type HeirOptions = {
  journal: Journal
  settle: (settlement: Settlement) => Promise<unknown>
  /** Hears of a file that could not be taken over. */
  trouble: (error: unknown) => void
  /** Hears of a file that has lines which can not be read. */
  damaged: (damage: Damage) => void
  /** Whether another process of that id runs on this machine. */
  isAlive?: (pid: number) => boolean
  disk?: Disk
  clock?: Clock
}

/**
 * Settles what is left in the journals of our folder whose owners are gone: processes that were
 * killed, here or on a disk we share. To take a live owner for a dead one does no harm: it notices
 * with its next record, and a hold is settled once.
 */
export class Heir {
  readonly #options: Required<HeirOptions>
  readonly #watch = new StandstillWatch(OWNERLESS_MS)
  #running: Promise<number> | null = null
  #isStopped = false

  constructor(options: HeirOptions) {
    this.#options = { isAlive, disk: fs, clock: SYSTEM_CLOCK, ...options }
  }

  /**
   * At the start: takes over what processes of this machine left that do not run any more. On a
   * shared disk that may be a live one of another container, with process ids of its own.
   * @returns how many records were settled
   */
  async begin(): Promise<number> {
    const files = this.#others().map(({ id }) => id)
    return this.#inherit(files.filter((file) => !this.#options.isAlive(Number.parseInt(file, 10))))
  }

  /**
   * Takes over what nobody has touched for a while. The first file is on its way to settlement
   * when this returns.
   * @returns how many records were settled
   */
  async look(): Promise<number> {
    const now = this.#options.clock.now()
    const still = this.#watch.observe(this.#others(), now, now)
    return this.#inherit(still.map(({ id }) => id))
  }

  /** Takes over nothing more. Resolves when what was taken over is settled. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#running
  }

  /** The files of others, and when each was touched. */
  #others(): { id: string; mark: string }[] {
    const { disk, journal } = this.#options
    return disk
      .readdirSync(journal.folder)
      .filter((file) => file.endsWith('.journal') && !journal.owns(file))
      .map((id) => ({ id, mark: this.#touched(join(journal.folder, id)) }))
  }

  /** Another time, or none: a file may go at any moment. */
  #touched(path: string): string {
    try {
      return String(this.#options.disk.statSync(path).mtimeMs)
    } catch {
      return 'gone'
    }
  }

  /** One run at a time, and one file after the other, so that little of them is in memory. */
  async #inherit(files: string[]): Promise<number> {
    if (this.#running) return 0
    this.#running = this.#settleAll(files)
    const count = await this.#running
    this.#running = null
    return count
  }

  async #settleAll(files: string[]): Promise<number> {
    const { journal, settle, trouble, damaged } = this.#options
    let count = 0
    for (const file of files) {
      if (this.#isStopped) break
      try {
        const { records, damage } = journal.inherit(file)
        if (damage) damaged(damage)
        await Promise.all(records.map((record) => settle(record)))
        for (const { id } of records) journal.settled(id)
        count += records.length
      } catch (error) {
        trouble(error)
      }
    }
    return count
  }
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false // an earlier process of this container had our id
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
