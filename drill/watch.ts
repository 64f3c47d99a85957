import { setTimeout as delay } from 'node:timers/promises'
import type postgres from 'postgres'
import type { Load } from './load.ts'
import type { Sandbox } from './sandbox.ts'

/** Milliseconds between two looks at all accounts, and at all open holds. */
const ACCOUNTS_MS = 50
const HOLDS_MS = 1_000

/** Milliseconds after which a hold of a request that is over is stuck. */
export const STUCK_MS = 90_000

/** Looks at the ledger all the time, while the faults happen. */
export class Watch {
  readonly #sql: postgres.Sql
  readonly #load: Load
  readonly #sandbox: Pick<Sandbox, 'call'>
  readonly #overdrawn = new Set<string>()
  readonly #stuck = new Set<string>()
  readonly #loops: Promise<void>[]
  #isOver = false
  #healedAt = 0
  looks = 0

  constructor(sql: postgres.Sql, load: Load, sandbox: Pick<Sandbox, 'call'>) {
    this.#sql = sql
    this.#load = load
    this.#sandbox = sandbox
    this.#loops = [
      this.#repeat(ACCOUNTS_MS, () => this.#lookForOverdraft()),
      this.#repeat(HOLDS_MS, () => this.#lookForStuckHolds()),
    ]
  }

  /** Accounts that were seen with less than nothing. */
  get overdrawn(): ReadonlySet<string> {
    return this.#overdrawn
  }

  /** Holds that were seen open when their request was over for 90 s. */
  get stuck(): ReadonlySet<string> {
    return this.#stuck
  }

  /** A fault that kept everybody from settling is over: the clock of every hold begins now. */
  healed(): void {
    this.#healedAt = Date.now()
  }

  async end(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#loops)
  }

  async #repeat(everyMs: number, look: () => Promise<void>): Promise<void> {
    while (!this.#isOver) {
      await look().catch(() => {}) // Postgres is away: that is what a drill is for
      await delay(everyMs)
    }
  }

  async #lookForOverdraft(): Promise<void> {
    const rows = await this.#sql<{ id: string }[]>`
      select id from accounts where posted - held < 0`
    for (const { id } of rows) this.#overdrawn.add(id)
    this.looks += 1
  }

  async #lookForStuckHolds(): Promise<void> {
    const rows = await this.#sql<{ id: string; at: string }[]>`
      select id, extract(epoch from created_at) * 1000 as at from holds
      where created_at < clock_timestamp() - make_interval(secs => ${STUCK_MS / 1_000})`
    for (const { id, at } of rows) {
      const overAt = await this.#overAt(id, Number(at))
      const since = Math.max(overAt ?? Number.POSITIVE_INFINITY, this.#healedAt)
      if (Date.now() - since > STUCK_MS) this.#stuck.add(id)
    }
  }

  /** When the request of a hold was over for its client; null while it runs. */
  async #overAt(id: string, createdAt: number): Promise<number | null> {
    const known = this.#load.findById(id) ?? (await this.#byMark(id))
    return known ? known.endedAt : createdAt // nobody knows of it: it never ran
  }

  async #byMark(id: string) {
    const mark = (await this.#sandbox.call(id))?.user
    return mark ? this.#load.findByMark(mark) : undefined
  }
}
