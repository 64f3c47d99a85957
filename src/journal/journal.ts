import * as fs from 'node:fs'
import { join } from 'node:path'
import type { Settlement } from '../store/lanes/settle.ts'
import type { Disk } from './disk.ts'
import { fromText, toLine, toRefusedLine } from './line.ts'
import { Segment } from './segment.ts'

/** Bytes after which a new file is begun; the old one goes when all its records are settled. */
export const SEGMENT_BYTES = 4 * 1024 * 1024

/** Bytes of all files together; beyond that the journal is not healthy. */
const JOURNAL_BYTES_MAX = 1024 * 1024 * 1024

/** What Postgres refuses for its contents is kept here, for people to look at. */
export const REFUSED_FILE = 'refused.jsonl'

/** A file with lines that can not be read, and where it is kept once its records are settled. */
export type Damage = { file: string; lines: number; kept: string }

type Inheritance = { records: Settlement[]; damage: Damage | null }

/**
 * Final records of requests on their way to Postgres, in local append-only files: one synchronous
 * write each, before the client is told that its answer is complete. What a client saw complete
 * survives kill -9. The write is not flushed to the disk itself: that would protect against the
 * loss of the machine, which is what Postgres is for.
 */
export class Journal {
  readonly folder: string
  /** What the names of its files begin with. */
  readonly name: string
  readonly #disk: Disk
  #made = 0
  #current: Segment
  /** Files that are written no more and have records that are not settled; also inherited ones. */
  readonly #full = new Set<Segment>()

  /**
   * @param name begins with the process id, which tells others whether the owner still lives
   * @throws Error where the folder can not be written
   */
  constructor(folder: string, name: string, disk: Disk = fs) {
    this.folder = folder
    this.name = name
    this.#disk = disk
    this.#current = this.#begin()
  }

  /** Whether the next record can be written, as far as is known. */
  get healthy(): boolean {
    const bytes = this.#segments().reduce((sum, segment) => sum + segment.bytes, 0)
    return !this.#current.torn && bytes < JOURNAL_BYTES_MAX
  }

  /** Whether a file of the folder is one of its own; others are left by somebody, or by mistake. */
  owns(file: string): boolean {
    return this.#segments().some((segment) => segment.file === join(this.folder, file))
  }

  /** Writes a record. @throws Error of the disk; the settlement then has Postgres alone */
  append(settlement: Settlement): void {
    if (this.#current.bytes >= SEGMENT_BYTES) this.#rotate()
    const line = toLine(settlement)
    this.#current.write(line)
    if (this.#current.isLost) {
      this.#rotate() // who took the file over may have read it before this record was in it
      this.#current.write(line)
    }
    this.#current.open.add(settlement.id)
  }

  /** Postgres has answered for it. */
  settled(id: string): void {
    this.#current.open.delete(id)
    for (const segment of this.#full) {
      if (segment.open.delete(id) && segment.open.size === 0) this.#drop(segment)
    }
  }

  /**
   * Takes over a file of somebody who is gone; it goes when its records are settled. One with lines
   * that can not be read, whoever wrote them, is kept under another name then.
   * @throws Error of the disk, also where the file is not there any more; it can be tried again
   */
  inherit(file: string): Inheritance {
    const taken = this.#nextFile()
    this.#disk.renameSync(join(this.folder, file), taken)
    const text = this.#disk.readFileSync(taken, 'utf8') // from now on nobody else writes to it
    const { records, unreadable } = fromText(text)
    const segment = new Segment(this.#disk, taken, Buffer.byteLength(text))
    segment.isDamaged = unreadable > 0
    for (const { id } of records) segment.open.add(id)
    if (records.length > 0) this.#full.add(segment)
    else segment.close()
    return {
      records,
      damage: unreadable > 0 ? { file, lines: unreadable, kept: segment.damagedFile } : null,
    }
  }

  /** Keeps what Postgres refuses where the operator finds it. @throws Error of the disk */
  setAside(settlement: Settlement, reason: string, at: Date): void {
    const file = new Segment(this.#disk, join(this.folder, REFUSED_FILE))
    file.open.add(settlement.id) // so that closing it leaves it there
    try {
      file.write(toRefusedLine(settlement, reason, at))
    } finally {
      file.close()
    }
    this.settled(settlement.id)
  }

  /** Shows that the owner lives, and finds out whether a sick disk has recovered. @throws Error */
  beat(now: Date): void {
    if (this.#current.isLost) this.#rotate()
    else if (this.#current.torn) this.#current.write('\n')
    for (const segment of this.#segments()) segment.touch(now)
  }

  /** Ends it; files with nothing open go too. */
  close(): void {
    for (const segment of this.#segments()) segment.close()
  }

  #segments(): Segment[] {
    return [this.#current, ...this.#full]
  }

  #rotate(): void {
    this.#current.torn = true // and so the journal is sick, until there is another one
    const next = this.#begin()
    if (this.#current.open.size > 0) this.#full.add(this.#current)
    else this.#current.close()
    this.#current = next
  }

  #drop(segment: Segment): void {
    this.#full.delete(segment)
    segment.close()
  }

  /** Makes the folder too: somebody may have taken it away. */
  #begin(): Segment {
    this.#disk.mkdirSync(this.folder, { recursive: true, mode: 0o700 })
    return new Segment(this.#disk, this.#nextFile())
  }

  #nextFile(): string {
    this.#made += 1
    return join(this.folder, `${this.name}.${this.#made}.journal`)
  }
}
