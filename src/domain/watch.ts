/** What is watched: an id, and a mark that changes while whoever makes it is alive. */
type Marked = { id: string; mark: string }

type Seen = { mark: string; sinceMs: number }

/**
 * Tells what has stood still for so long under our own uninterrupted eyes: other instances by
 * their heartbeats, journals by the time they were touched. Only our own clock counts, and no
 * other has to agree with it.
 */
export class StandstillWatch {
  readonly #afterMs: number
  readonly #seen = new Map<string, Seen>()

  constructor(afterMs: number) {
    this.#afterMs = afterMs
  }

  /**
   * @param all what there is; anything else is forgotten
   * @param askedMs when we asked for it, on a clock that only goes forward
   * @param answeredMs when we knew: an answer may be as old as its question, or as new as this
   * @returns what has stood still long enough
   */
  observe<T extends Marked>(all: readonly T[], askedMs: number, answeredMs: number): T[] {
    const ids = new Set(all.map(({ id }) => id))
    for (const id of this.#seen.keys()) if (!ids.has(id)) this.#seen.delete(id)
    return all.filter(({ id, mark }) => {
      const seen = this.#seen.get(id)
      if (seen?.mark === mark) return askedMs - seen.sinceMs >= this.#afterMs
      this.#seen.set(id, { mark, sinceMs: answeredMs })
      return false
    })
  }

  /** We did not look for a while: what was seen before proves nothing. */
  interrupted(): void {
    this.#seen.clear()
  }
}
