import { type Clock, SYSTEM_CLOCK } from '../../src/clock.ts'

type Timer = { dueMs: number; callback: () => void }

/** A clock that only the test moves: no deadline passes while the machine stalls. */
export class HandClock implements Clock {
  readonly #timers = new Set<Timer>()
  readonly today = SYSTEM_CLOCK.today
  readonly turn = SYSTEM_CLOCK.turn
  #nowMs = 0

  now(): number {
    return this.#nowMs
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { dueMs: this.#nowMs + ms, callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Lets so many milliseconds pass; every timer fires at its time. */
  pass(ms: number): void {
    const untilMs = this.#nowMs + ms
    for (let next = this.#next(untilMs); next; next = this.#next(untilMs)) {
      this.#nowMs = next.dueMs
      this.#timers.delete(next)
      next.callback()
    }
    this.#nowMs = untilMs
  }

  /** The timer that is due first, until then. */
  #next(untilMs: number): Timer | undefined {
    const due = [...this.#timers].filter(({ dueMs }) => dueMs <= untilMs)
    return due.toSorted((a, b) => a.dueMs - b.dueMs)[0]
  }
}
