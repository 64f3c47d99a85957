import { basename, dirname } from 'node:path'
import type { Disk } from '../../src/journal/disk.ts'

type File = { text: string; mtimeMs: number }

/** A file system in memory that may be full. */
export class SimDisk implements Disk {
  /** How many calls fail, in percent. */
  sickness = 0
  /** Bytes that fit. */
  room = Number.POSITIVE_INFINITY
  readonly #files = new Map<string, File>()
  readonly #open = new Map<number, File>()
  #opened = 0

  mkdirSync(): void {}

  openSync(path: string): number {
    const file = this.#files.get(path) ?? { text: '', mtimeMs: 0 }
    this.#files.set(path, file)
    this.#opened += 1
    this.#open.set(this.#opened, file)
    return this.#opened
  }

  writeSync(fd: number, bytes: Buffer): number {
    if (this.room === 0) throw new Error('ENOSPC')
    const taken = Math.min(bytes.length, this.room)
    this.room -= taken
    const file = this.#open.get(fd) as File
    file.text += bytes.toString('latin1', 0, taken)
    file.mtimeMs += 1
    return taken
  }

  futimesSync(fd: number, _accessed: Date, modified: Date): void {
    const file = this.#open.get(fd) as File
    file.mtimeMs = modified.getTime()
  }

  closeSync(fd: number): void {
    this.#open.delete(fd)
  }

  existsSync(path: string): boolean {
    return this.#files.has(path)
  }

  statSync(path: string): { mtimeMs: number } {
    return this.#fileAt(path)
  }

  readdirSync(path: string): string[] {
    return [...this.#files.keys()]
      .filter((file) => dirname(file) === path)
      .map((file) => basename(file))
  }

  readFileSync(path: string): string {
    return this.#fileAt(path).text
  }

  renameSync(from: string, to: string): void {
    const file = this.#fileAt(from)
    this.#files.delete(from)
    this.#files.set(to, file)
  }

  rmSync(path: string): void {
    this.#files.delete(path)
  }

  #fileAt(path: string): File {
    const file = this.#files.get(path)
    if (!file) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' })
    return file
  }
}
