/** Many paced streams on one shared timer. */

/** Granularity of the shared timer in ms: near enough to independent arrivals. */
const TICK_MS = 1

interface Paced {
  due: number
  step: () => boolean
}

/**
 * Calls each added `step` every `delayMs` until it returns false. Streams of one delay wait in one
 * queue that is in order of time by itself, so a tick looks only at those that are due. A delay of
 * 0 means once in every turn of the event loop.
 */
export class Pace {
  readonly #delayMs: number
  #waiting: Paced[] = []
  #head = 0
  #scheduled = false

  constructor(delayMs: number) {
    this.#delayMs = delayMs
  }

  add(step: () => boolean): void {
    this.#waiting.push({ due: performance.now() + this.#delayMs, step })
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled || this.#head === this.#waiting.length) return
    this.#scheduled = true
    if (this.#delayMs === 0) setImmediate(this.#turn)
    else setTimeout(this.#turn, TICK_MS)
  }

  readonly #turn = (): void => {
    this.#scheduled = false
    const now = performance.now()
    // Only what waited when the turn began: a re-queued stream is not for this turn.
    const end = this.#waiting.length
    while (this.#head < end) {
      const paced = this.#waiting[this.#head]
      if (!paced || paced.due > now) break
      this.#head++
      if (!paced.step()) continue
      paced.due += this.#delayMs
      this.#waiting.push(paced)
    }
    this.#compact()
    this.#schedule()
  }

  #compact(): void {
    if (this.#head * 2 < this.#waiting.length) return
    this.#waiting = this.#waiting.slice(this.#head)
    this.#head = 0
  }
}
