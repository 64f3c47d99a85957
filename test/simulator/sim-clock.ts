import type { Clock } from '../../src/clock.ts'

type Timer = { dueMs: number; callback: () => void }

/** The world's time, and what is to happen in the next turn of the event loop. */
export type WorldTime = { ms: number; turns: (() => void)[] }

/** The clock of one process: its timers run when the world says so. */
export class SimClock implements Clock {
  /** What the process's clocks are ahead of the world's. */
  aheadMs = 0
  wallAheadMs = 0
  readonly #time: WorldTime
  readonly #timers = new Set<Timer>()
  #isStopped = false

  constructor(time: WorldTime) {
    this.#time = time
  }

  now(): number {
    return this.#time.ms + this.aheadMs
  }

  today(): Date {
    return new Date(this.#time.ms + this.wallAheadMs)
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { dueMs: this.now() + Math.max(1, ms), callback }
    if (!this.#isStopped) this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#time.turns.push(() => {
        if (!this.#isStopped) resolve()
      })
    })
  }

  /** Milliseconds until the next timer is due, 0 or less when one is; null without any. */
  get dueInMs(): number | null {
    const next = this.#next()
    return next && next.dueMs - this.now()
  }

  /** Timers that wait. */
  get size(): number {
    return this.#timers.size
  }

  /** Runs the timer that is due first. */
  fire(): void {
    const next = this.#next()
    if (!next) return
    this.#timers.delete(next)
    next.callback()
  }

  /** The process is dead. */
  stop(): void {
    this.#isStopped = true
    this.#timers.clear()
  }

  #next(): Timer | null {
    let next: Timer | null = null
    for (const timer of this.#timers) if (!next || timer.dueMs < next.dueMs) next = timer
    return next
  }
}
