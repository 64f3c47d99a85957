import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Settlement } from '../store/settle.ts'
import { toLine } from './line.ts'
import { Segment } from './segment.ts'

/** Bytes after which a new file is begun; the old one goes when all its records are settled. */
export const SEGMENT_BYTES = 4 * 1024 * 1024

/** Bytes of all files together; beyond that the journal is not healthy. */
const JOURNAL_BYTES_MAX = 1024 * 1024 * 1024

/**
 * Final records of requests on their way to Postgres, in local append-only files: one synchronous
 * write each, before the client is told that its answer is complete. What a client saw complete
 * survives kill -9. The write is not flushed to the disk itself: that would protect against the
 * loss of the machine, which is what Postgres is for.
 */
export class Journal {
  readonly #folder: string
  /** The process id tells a process that starts later whether the owner still lives. */
  readonly #name: string
  #made = 0
  #current: Segment
  /** Files that are full, and have records that are not settled. */
  readonly #full = new Set<Segment>()

  /** @throws Error where the folder can not be written */
  constructor(folder: string, instanceId: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    this.#folder = folder
    this.#name = `${process.pid}-${instanceId}`
    this.#current = this.#begin()
  }

  /** What the names of this journal's files begin with. */
  get name(): string {
    return this.#name
  }

  /** Whether the next record can be written, as far as is known. */
  get healthy(): boolean {
    const bytes = this.#segments().reduce((sum, segment) => sum + segment.bytes, 0)
    return !this.#current.torn && bytes < JOURNAL_BYTES_MAX
  }

  /** Writes a record. @throws Error of the disk; the settlement then has Postgres alone */
  append(settlement: Settlement): void {
    if (this.#current.bytes >= SEGMENT_BYTES) this.#rotate()
    this.#current.write(toLine(settlement))
    this.#current.open.add(settlement.id)
  }

  /** Postgres has answered for it. */
  settled(id: string): void {
    if (this.#current.open.delete(id)) return
    for (const segment of this.#full) {
      if (!segment.open.delete(id) || segment.open.size > 0) continue
      this.#full.delete(segment)
      segment.close()
    }
  }

  /** Shows that the owner lives, and finds out whether a sick disk has recovered. @throws Error */
  beat(now: Date): void {
    if (this.#current.torn) this.#current.write('\n')
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
    const next = this.#begin()
    if (this.#current.open.size > 0) this.#full.add(this.#current)
    else this.#current.close()
    this.#current = next
  }

  #begin(): Segment {
    this.#made += 1
    return new Segment(join(this.#folder, `${this.#name}.${this.#made}.journal`))
  }
}
