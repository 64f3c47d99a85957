import { ProxyError } from '../errors.ts'

/**
 * Bounds the bytes of bodies that are in memory at a time, over all requests of the process:
 * requests that are read and not answered yet, and answers that come in one piece.
 */
export class BufferBudget {
  readonly #bytesMax: number
  #taken = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Bytes in memory now. */
  get taken(): number {
    return this.#taken
  }

  /** The part of one request; nothing is taken yet. */
  share(): BufferShare {
    return new BufferShare((bytes) => {
      if (bytes > 0 && this.#taken + bytes > this.#bytesMax) return false
      this.#taken += bytes
      return true
    })
  }
}

/** What one request has in memory. It is given back once, however the request ends. */
export class BufferShare {
  readonly #draw: (bytes: number) => boolean
  #taken = 0
  #closed = false

  /** @param draw takes bytes from the budget, or gives them back; false where it has not so many */
  constructor(draw: (bytes: number) => boolean) {
    this.#draw = draw
  }

  /** Counts bytes that are about to be kept. @throws ProxyError overloaded */
  take(bytes: number): void {
    if (this.#closed || this.fits(bytes)) return // when it is over, nobody waits for them
    const cause = new Error('the budget for buffered bodies is spent')
    throw new ProxyError('overloaded', { cause })
  }

  /** Counts bytes where there is room for them. @returns whether there was */
  fits(bytes: number): boolean {
    if (this.#closed || !this.#draw(bytes)) return false
    this.#taken += bytes
    return true
  }

  /** What was taken is no longer in memory. */
  release(): void {
    this.#draw(-this.#taken)
    this.#taken = 0
  }

  /** The request is over: nothing counts any more. */
  close(): void {
    this.release()
    this.#closed = true
  }
}
