import { spentTokens } from '../../domain/meter.ts'
import type { Delivered } from '../../domain/usage/estimate.ts'
import type { DisconnectPolicy } from '../../wire/profile.ts'

type Bounds = Pick<DisconnectPolicy, 'finishMaxTokens' | 'finishMaxSeconds'>

/** Bounds an answer that is read on although its client has gone: in tokens, and in time. */
export class ReadingOn {
  readonly #tokensMax: number
  readonly #timer: NodeJS.Timeout
  #isOver = false

  /**
   * @param delivered when the client left; null before the answer began
   * @param late called when the time is up
   */
  constructor(bounds: Bounds, delivered: Delivered | null, late: () => void) {
    this.#tokensMax = tokensOf(delivered) + bounds.finishMaxTokens
    this.#timer = setTimeout(late, bounds.finishMaxSeconds * 1_000)
  }

  /** Whether more has come than is read on. An answer in one piece comes whole or not at all. */
  isPast(delivered: Delivered | null): boolean {
    return !this.#isOver && tokensOf(delivered) > this.#tokensMax
  }

  /** The answer is over. */
  end(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
  }
}

function tokensOf(delivered: Delivered | null): number {
  return delivered === null ? 0 : spentTokens(delivered) + (delivered.mediaTokens ?? 0)
}
