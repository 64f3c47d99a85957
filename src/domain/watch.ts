/** Milliseconds another instance's heart must stand still, seen without a gap, to be dead. */
export const DEAD_AFTER_MS = 15_000

type Seen = { heartbeat: string; sinceMs: number }

/**
 * Tells which other instances are dead: those whose heartbeat stood still through 15 s of our own
 * uninterrupted ones. While Postgres is away nobody beats, so an outage declares nobody dead.
 */
export class HeartbeatWatch {
  readonly #seen = new Map<string, Seen>()

  /**
   * @param nowMs on a clock that only goes forward
   * @returns the instances that are dead by now, with the heartbeat they died at
   */
  observe(
    others: readonly { id: string; heartbeat: string }[],
    nowMs: number,
  ): { id: string; heartbeat: string }[] {
    const live = new Set(others.map(({ id }) => id))
    for (const id of this.#seen.keys()) if (!live.has(id)) this.#seen.delete(id)
    return others.filter(({ id, heartbeat }) => {
      const seen = this.#seen.get(id)
      if (seen?.heartbeat === heartbeat) return nowMs - seen.sinceMs >= DEAD_AFTER_MS
      this.#seen.set(id, { heartbeat, sinceMs: nowMs })
      return false
    })
  }

  /** Our own heartbeat failed or was late: what was seen before proves nothing. */
  interrupted(): void {
    this.#seen.clear()
  }
}
