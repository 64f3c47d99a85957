/** Pieces that are joined into one: each costs hundreds of bytes of memory, however small it is. */
const JOINED = 128

/** A body that comes in pieces: one that is sent byte by byte takes a few times its bytes. */
export class Pieces {
  #joined: Buffer[] = []
  #latest: Buffer[] = []
  #bytes = 0

  /** Bytes that have come. */
  get bytes(): number {
    return this.#bytes
  }

  add(piece: Buffer): void {
    this.#bytes += piece.length
    this.#latest.push(piece)
    if (this.#latest.length < JOINED) return
    this.#joined.push(Buffer.concat(this.#latest))
    this.#latest = []
  }

  /** All that has come, in one; a copy, where there is more than one piece. */
  whole(): Buffer {
    const [first = Buffer.alloc(0), ...others] = [...this.#joined, ...this.#latest]
    return others.length === 0 ? first : Buffer.concat([first, ...others], this.#bytes)
  }

  /** Lets them go. */
  clear(): void {
    this.#joined = []
    this.#latest = []
  }
}
