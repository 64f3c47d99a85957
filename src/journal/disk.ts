/** The file system, as far as a journal needs it; `node:fs` is one. */
export type Disk = {
  mkdirSync(path: string, options: { recursive: true; mode: number }): unknown
  openSync(path: string, flags: 'a', mode: number): number
  /** @returns how many bytes were taken */
  writeSync(fd: number, bytes: Buffer): number
  futimesSync(fd: number, accessed: Date, modified: Date): void
  closeSync(fd: number): void
  existsSync(path: string): boolean
  statSync(path: string): { mtimeMs: number }
  readdirSync(path: string): string[]
  readFileSync(path: string, encoding: 'utf8'): string
  renameSync(from: string, to: string): void
  rmSync(path: string, options: { force: true }): void
}
