import { closeSync, futimesSync, openSync, unlinkSync, writeSync } from 'node:fs'

/** One file of the journal, and which of its records Postgres has not answered for. */
export class Segment {
  readonly open = new Set<string>()
  bytes = 0
  /** The last write failed, perhaps in the middle of a line. */
  torn = false
  readonly #file: string
  readonly #fd: number

  /** @throws Error where the file can not be made */
  constructor(file: string) {
    this.#file = file
    this.#fd = openSync(file, 'a', 0o600)
  }

  /** @throws Error of the disk, also when it took only a part */
  write(text: string): void {
    const bytes = Buffer.from(this.torn ? `\n${text}` : text)
    this.torn = true
    const written = writeSync(this.#fd, bytes)
    this.bytes += written
    if (written < bytes.length) throw new Error('the journal took only a part of a record')
    this.torn = false
  }

  touch(now: Date): void {
    futimesSync(this.#fd, now, now)
  }

  /** With nothing open, the file goes too. */
  close(): void {
    closeSync(this.#fd)
    if (this.open.size === 0) unlinkSync(this.#file)
  }
}
