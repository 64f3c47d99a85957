import type { Disk } from './disk.ts'

/** What the name of a file ends with that is kept for people to look at. */
const DAMAGED = '.damaged'

/** One file of the journal, and which of its records Postgres has not answered for. */
export class Segment {
  readonly file: string
  readonly open = new Set<string>()
  bytes: number
  /** The last write failed, perhaps in the middle of a line. */
  torn = false
  /** Some of its lines can not be read, so that it is not deleted. */
  isDamaged = false
  readonly #disk: Disk
  readonly #fd: number

  /** @throws Error where the file can not be opened or made */
  constructor(disk: Disk, file: string, bytes = 0) {
    this.bytes = bytes
    this.#disk = disk
    this.file = file
    this.#fd = disk.openSync(file, 'a', 0o600)
  }

  /** Somebody who took us for dead has taken the file over. */
  get isLost(): boolean {
    return !this.#disk.existsSync(this.file)
  }

  /** @throws Error of the disk, also when it took only a part */
  write(text: string): void {
    const bytes = Buffer.from(this.torn ? `\n${text}` : text)
    this.torn = true
    const written = this.#disk.writeSync(this.#fd, bytes)
    this.bytes += written
    if (written < bytes.length) throw new Error('the journal took only a part of a record')
    this.torn = false
  }

  touch(now: Date): void {
    this.#disk.futimesSync(this.#fd, now, now)
  }

  /** Its name once it is kept for people to look at. */
  get damagedFile(): string {
    return this.file + DAMAGED
  }

  /** With nothing open, the file goes too; a damaged one out of the way of journals. */
  close(): void {
    this.#disk.closeSync(this.#fd)
    if (this.open.size > 0) return
    if (this.isDamaged) this.#disk.renameSync(this.file, this.damagedFile)
    else this.#disk.rmSync(this.file, { force: true })
  }
}
