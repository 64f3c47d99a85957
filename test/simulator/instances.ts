import type { Heartbeat } from '../../src/store/instances.ts'

type Row = { state: 'live' | 'dead'; heartbeat: string; beatMs: number }

/** The table of instances, and when each of them was last heard of. */
export class Instances {
  /** Hears of an instance that is declared dead, and of the time since its last heartbeat. */
  onDeath: (id: string, silentMs: number) => void = () => {}
  readonly #rows = new Map<string, Row>()
  readonly #today: () => Date
  readonly #upMs: () => number
  #beats = 0

  /** @param upMs for how long Postgres could be used so far */
  constructor(today: () => Date, upMs: () => number) {
    this.#today = today
    this.#upMs = upMs
  }

  register(id: string): void {
    this.#rows.set(id, { state: 'live', ...this.#now() })
  }

  /** heartbeat_v1, the part of the instances */
  beat(id: string): Heartbeat[] {
    const row = this.#rows.get(id)
    if (row?.state === 'live') Object.assign(row, this.#now())
    return [...this.#rows]
      .filter(([, { state }]) => state === 'live')
      .map(([live, { heartbeat }]) => ({ id: live, heartbeat }))
  }

  declareDead({ id, heartbeat }: Heartbeat): boolean {
    const row = this.#rows.get(id)
    if (row?.state !== 'live' || row.heartbeat !== heartbeat) return false
    row.state = 'dead'
    this.onDeath(id, this.#upMs() - row.beatMs)
    return true
  }

  signOff(id: string): void {
    const row = this.#rows.get(id)
    if (row) row.state = 'dead'
  }

  isDead(id: string): boolean {
    return this.#rows.get(id)?.state === 'dead'
  }

  #now(): Omit<Row, 'state'> {
    this.#beats += 1
    return { heartbeat: `${this.#today().getTime()} ${this.#beats}`, beatMs: this.#upMs() }
  }
}
