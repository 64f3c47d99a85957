/** Milliseconds between two looks at the clock, and the most that may be counted between two. */
const TICK_MS = 10
const COUNTED_MAX_MS = 50

let ranMs = 0
let lookedAt = performance.now()

/**
 * Milliseconds in which this process ran: while a machine stands still, nothing reaches anybody,
 * and no bound of time on it is passed.
 */
export function runningMs(): number {
  const now = performance.now()
  ranMs += Math.min(now - lookedAt, COUNTED_MAX_MS)
  lookedAt = now
  return ranMs
}

setInterval(runningMs, TICK_MS).unref()
