import type { OpenHold } from '../../src/store/instances.ts'
import type { Settlement } from '../../src/store/lanes/settle.ts'
import { sumOf } from './ledger.ts'
import type { SimProcess } from './process.ts'
import type { SimRequest } from './request.ts'
import type { World } from './world.ts'

/** Milliseconds of silence, Postgres being there, below which nobody may be declared dead. */
const ALIVE_MS = 6_000

/** Timers of a process that has nothing to settle: two beats, a sweep, what is on its way. */
const TIMERS_MAX = 10

/** What must hold after each step, and at the end. */
export class Checks {
  readonly violations: string[] = []
  readonly #world: World
  readonly #left = new Set<string>()
  readonly #settled = new Set<string>()
  #audited = -1

  constructor(world: World) {
    this.#world = world
    world.ledger.onGuess = (hold) => this.#swept(hold)
    world.ledger.instances.onDeath = (id, silentMs) => {
      if (silentMs < ALIVE_MS) this.#violated(`${id} was declared dead after ${silentMs} ms`)
    }
  }

  /** A process sends a settlement to Postgres. */
  sends({ pid, running }: SimProcess, { id, record }: Settlement): void {
    if (record.outcome === 'crashed' && running?.door.has(id)) {
      this.#violated(`${pid} swept its own ${id}`)
    }
  }

  /** The client has read the last bytes of its answer. */
  sawTheEnd({ id, isJournaled, isUnwritable }: SimRequest): void {
    if (!isJournaled && !isUnwritable) this.#violated(`${id} ended before it was on the disk`)
  }

  /** A request was let out of the door of a process. */
  leftTheDoor({ pid }: SimProcess, id: string): void {
    if (this.#left.has(id)) this.#violated(`${id} left the door of ${pid} twice`)
    this.#left.add(id)
  }

  /** A request was told that it is settled. */
  settled({ id }: SimRequest): void {
    if (this.#settled.has(id)) this.#violated(`${id} was told twice that it is settled`)
    this.#settled.add(id)
  }

  /** The balances, where anything has changed. */
  afterStep(): void {
    const { ledger } = this.#world
    if (ledger.changes === this.#audited) return
    this.#audited = ledger.changes
    for (const [id, { posted, held }] of ledger.accounts) {
      if (posted - held < 0n) this.#violated(`${id} has ${posted - held} available`)
      const sum = sumOf(ledger.entries.filter(({ accountId }) => accountId === id))
      if (sum !== posted) this.#violated(`${id} has posted ${posted}, its ledger ${sum}`)
      const open = sumOf([...ledger.holds.values()].filter(({ accountId }) => accountId === id))
      if (open !== held) this.#violated(`${id} has held ${held}, its holds ${open}`)
    }
  }

  /** Every request, and what every process still has in memory, when all is quiet. */
  atTheEnd(): void {
    for (const request of this.#world.requests) this.#checkCharge(request)
    for (const { process } of this.#world.slots) {
      const { size } = process.clock
      if (size > TIMERS_MAX) this.#violated(`${process.pid} has ${size} timers for nothing`)
    }
  }

  holdsAreOpen(): void {
    const ids = [...this.#world.ledger.holds.keys()]
    this.#violated(`holds are open 90 s after everything has recovered: ${ids}`)
  }

  notQuiet(): void {
    this.#violated('it does not get quiet')
  }

  /** A process ends in good order. */
  stopped({ pid, queue }: SimProcess): void {
    if (queue.size > 0) this.#violated(`${pid} stopped with ${queue.size} settlements to make`)
  }

  /** Nothing is left on the disks when every process was told to stop. */
  afterStopping(): void {
    for (const { disk } of this.#world.slots) {
      const left = disk.readdirSync('/journal').filter((file) => file.endsWith('.journal'))
      if (left.length > 0) this.#violated(`${left} are left on a disk`)
    }
  }

  #checkCharge(request: SimRequest): void {
    const { id, cost, delivered, hold } = request
    const { ledger } = this.#world
    const entries = ledger.entriesOf.get(id) ?? []
    const charges = entries.filter(({ kind }) => kind === 'charge').length
    if (charges > 1) this.#violated(`${id} was charged ${charges} times`)
    const corrections = entries.length - charges
    if (corrections > 1) this.#violated(`${id} was corrected ${corrections} times`)
    const end = ledger.requests.get(id)
    if (hold > 0n && !end) this.#violated(`${id} was admitted and has no record`)
    if (!end) return
    const taken = -sumOf(entries)
    if (taken !== end.charged) this.#violated(`${id} paid ${taken}, its record says ${end.charged}`)
    const due = end.charged + end.uncollected
    const isSafe = request.isJournaled || this.#settled.has(id)
    if (isSafe && !request.isPoison) {
      if (due !== cost) this.#violated(`${id} cost ${cost}, and ${due} is accounted for`)
    } else if (due > delivered && due > cost) this.#violated(`${id} was charged ${due}, too much`)
  }

  /** A guess ends a hold whose owner is not dead: then only its process can know it is nobody's. */
  #swept({ id, instanceId }: OpenHold): void {
    const request = this.#world.requests.find((one) => one.id === id)
    const isServed = request?.isStreaming && request.process.isAlive
    if (isServed && !this.#world.ledger.instances.isDead(instanceId)) {
      this.#violated(`${id} was swept while it ran`)
    }
  }

  #violated(what: string): void {
    this.violations.push(what)
  }
}
