import { ProxyError } from '../errors.ts'

/**
 * Bounds the bytes of bodies that are in memory at a time, over all requests of the process:
 * requests that are read and not answered yet, and answers that come in one piece.
 */
export class BufferBudget {
  readonly #bytesMax: number
  readonly #ownerBytesMax: number
  readonly #byOwner = new Map<string, number>()
  #taken = 0

  /** @param ownerBytesMax what all requests of one owner may have of it */
  constructor(bytesMax: number, ownerBytesMax = bytesMax) {
    this.#bytesMax = bytesMax
    this.#ownerBytesMax = ownerBytesMax
  }

  /** Bytes in memory now. */
  get taken(): number {
    return this.#taken
  }

  /** The part of one request; nothing is taken yet. @param owner whose it is, where that counts */
  share(owner = ''): BufferShare {
    return new BufferShare((bytes) => this.#draw(owner, bytes))
  }

  #draw(owner: string, bytes: number): boolean {
    const ofOwner = (this.#byOwner.get(owner) ?? 0) + bytes
    const isTooMuch = this.#taken + bytes > this.#bytesMax || ofOwner > this.#ownerBytesMax
    if (bytes > 0 && isTooMuch) return false
    this.#taken += bytes
    if (ofOwner === 0) this.#byOwner.delete(owner)
    else this.#byOwner.set(owner, ofOwner)
    return true
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
