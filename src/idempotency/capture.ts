import type { BufferShare } from '../body/buffer-budget.ts'

/** Bytes of one answer that are kept; of a longer one no copy is. */
export const ANSWER_BYTES_MAX = 8 * 1024 * 1024

/** Bytes of the first piece of memory for an answer; each further one is twice as large. */
const FIRST_BYTES = 4 * 1024

/**
 * A copy of an answer as it leaves. The pieces of a stream are parts of larger memory that is soon
 * used again, so they are copied. A copy that would be too large, or for which there is no room, is
 * given up; the answer itself is never touched.
 */
export class Capture {
  readonly #share: BufferShare
  #memory: Buffer | null = Buffer.alloc(0)
  #length = 0

  constructor(share: BufferShare) {
    this.#share = share
  }

  /** The whole answer; null where it was given up. Valid until `drop`. */
  get bytes(): Buffer | null {
    return this.#memory?.subarray(0, this.#length) ?? null
  }

  add(piece: Uint8Array): void {
    if (this.#memory === null) return
    const length = this.#length + piece.length
    const memory = length <= this.#memory.length ? this.#memory : this.#grown(this.#memory, length)
    if (memory === null) return void this.drop()
    memory.set(piece, this.#length)
    this.#memory = memory
    this.#length = length
  }

  /** Lets the copy and its room go. */
  drop(): void {
    this.#share.close()
    this.#memory = null
  }

  #grown(memory: Buffer, length: number): Buffer | null {
    if (length > ANSWER_BYTES_MAX) return null
    const wanted = Math.max(FIRST_BYTES, 2 ** Math.ceil(Math.log2(length)))
    if (!this.#share.fits(wanted - memory.length)) return null
    const larger = Buffer.allocUnsafeSlow(wanted)
    larger.set(memory.subarray(0, this.#length))
    return larger
  }
}
