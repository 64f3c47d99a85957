import { setImmediate as turn } from 'node:timers/promises'

/** Time, as the code that keeps money safe sees it. */
export type Clock = {
  /** Milliseconds on a clock that only goes forward. */
  now(): number
  /** The time of day, which people and NTP may set. */
  today(): Date
  /** Calls back after so many milliseconds. @returns what calls it off */
  after(ms: number, callback: () => void): () => void
  /** Resolves in the next turn of the event loop. */
  turn(): Promise<void>
}

export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  today: () => new Date(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms)
    return () => clearTimeout(timer)
  },
  turn: () => turn(),
}

/** Resolves after so many milliseconds. */
export function delay(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(ms, resolve))
}

/**
 * Runs a task every so many milliseconds, and leaves out a turn while the last run goes on.
 * @param failed hears of a run that rejected
 * @returns what stops it; resolves when the last run is over
 */
export function every(
  clock: Clock,
  ms: number,
  task: () => Promise<void>,
  failed: (error: unknown) => void,
): () => Promise<void> {
  let running: Promise<void> | null = null
  let cancel = clock.after(ms, run)
  function run(): void {
    cancel = clock.after(ms, run)
    running ??= task()
      .catch(failed)
      .finally(() => {
        running = null
      })
  }
  return async () => {
    cancel()
    await running
  }
}
