import { runningMs } from './running-time.ts'

/** Milliseconds in which a change reaches every instance, and in which a slow machine may be. */
export const REACHES_MS = 2_000

type Entry<Value> = { value: Value; from: number; until: number }

/** What was set when, as seen by a client: each value holds from its change until the next. */
export class History<Value> {
  readonly #entries: Entry<Value>[] = []

  /** Makes a change, and notes when it was asked for and when it was done. */
  async change(value: Value, make: () => Promise<unknown>): Promise<void> {
    const entry = { value, from: runningMs(), until: Number.POSITIVE_INFINITY }
    const last = this.#entries.at(-1)
    this.#entries.push(entry)
    await make()
    if (last) last.until = runningMs()
  }

  /** The values that may be found by a request that ran from one time to another. */
  during(from: number, to: number): Value[] {
    return this.#entries
      .filter((entry) => entry.from <= to && entry.until + REACHES_MS >= from)
      .map(({ value }) => value)
  }
}
