import type { Ledger } from './ledger.ts'

/** Microseconds a pair. */
export type Round = { cpuUs: number; wallUs: number }

/** Runs so many pairs, so many at one time, and tells what one cost. */
export async function measure(
  ledger: Ledger,
  { pairs, inFlight }: { pairs: number; inFlight: number },
): Promise<Round> {
  await ledger.pair() // so that the lanes have connections
  const cpuBefore = await ledger.cpuUs()
  const startedAt = performance.now()
  let left = pairs
  const work = async () => {
    while (left > 0) {
      left -= 1
      await ledger.pair()
    }
  }
  await Promise.all(Array.from({ length: inFlight }, work))
  const wallUs = (performance.now() - startedAt) * 1_000
  const cpuUs = (await ledger.cpuUs()) - cpuBefore
  return { cpuUs: cpuUs / pairs, wallUs: wallUs / pairs }
}
