import { setTimeout as delay } from 'node:timers/promises'

/** Milliseconds between two looks. */
const POLL_MS = 25

/**
 * Waits until something is so.
 * @returns the milliseconds it took
 * @throws Error that names what was waited for
 */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  withinMs: number,
): Promise<number> {
  const startedAt = performance.now()
  while (!(await isSo())) {
    if (performance.now() - startedAt > withinMs) {
      throw new Error(`not within ${withinMs / 1_000} s: ${what}`)
    }
    await delay(POLL_MS)
  }
  return performance.now() - startedAt
}
