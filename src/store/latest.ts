/**
 * Reads something as often as it is asked to, and tells what the latest reading found: one that
 * began earlier and ends later knows less, and does not count.
 * @param first what is told until then
 */
export function latest<T>(first: T, read: () => Promise<T>) {
  let known = first
  let begun = 0
  let taken = 0
  return {
    known: () => known,
    /** Reads again. Rejects as the reading does, and then nothing changes. */
    async again(): Promise<T> {
      begun += 1
      const turn = begun
      const found = await read()
      if (turn > taken) {
        taken = turn
        known = found
      }
      return known
    },
  }
}
