import type { Clock } from './clock.ts'

/** Milliseconds a timer may be late before the process is taken to have stood still. */
const STOOD_STILL_MS = 20

/**
 * Calls back when something has not come within so many milliseconds. Where this process stood
 * still at the end of them, what came meanwhile has not been read: then it waits once more, for as
 * long as it stood still and at most as long as before. One turn of the event loop goes before the
 * call in any case.
 * @returns what calls it off
 */
export function deadline(clock: Clock, ms: number, missed: () => void): () => void {
  let isOff = false
  const last = () => void clock.turn().then(() => isOff || missed())
  const due = clock.now() + ms
  let cancel = clock.after(ms, () => {
    const lateMs = clock.now() - due
    if (lateMs > STOOD_STILL_MS) cancel = clock.after(Math.min(ms, lateMs), last)
    else last()
  })
  return () => {
    isOff = true
    cancel()
  }
}

/**
 * What a promise settles to, if that comes in time; what `late` returns or throws if not.
 * @param late called as that of `deadline`
 */
export async function inTime<T>(
  clock: Clock,
  ms: number,
  promise: Promise<T>,
  late: () => T,
): Promise<T> {
  const { promise: missed, resolve } = Promise.withResolvers<void>()
  const cancel = deadline(clock, ms, resolve)
  try {
    return await Promise.race([promise, missed.then(late)])
  } finally {
    cancel()
  }
}

/** Milliseconds after which a stopwatch looks whether the process still runs. */
const TICK_MS = 25

/**
 * Measures the time in which this process ran, to within a tick: a stretch in which it stood
 * still counts as one. It runs until it is stopped.
 */
export function stopwatch(clock: Clock): { ranMs(): number; stop(): void } {
  let untilTickMs = 0
  let tickedAt = clock.now()
  const ranMs = () => untilTickMs + Math.min(clock.now() - tickedAt, TICK_MS + STOOD_STILL_MS)
  let cancel = clock.after(TICK_MS, tick)
  function tick(): void {
    untilTickMs = ranMs()
    tickedAt = clock.now()
    cancel = clock.after(TICK_MS, tick)
  }
  return { ranMs, stop: () => cancel() }
}
