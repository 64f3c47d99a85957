import type { Journal } from '../../src/journal/journal.ts'
import type { Settlement } from '../../src/store/lanes/settle.ts'
import { Checks } from './checks.ts'
import { clientAction, isActive } from './clients.ts'
import { chooseFaults, inflict } from './faults.ts'
import { Instances } from './instances.ts'
import { SimLedger } from './ledger.ts'
import { SimPostgres } from './postgres.ts'
import { SimProcess } from './process.ts'
import { Random } from './random.ts'
import type { SimRequest } from './request.ts'
import { SimClock } from './sim-clock.ts'
import { SimDisk } from './sim-disk.ts'

/** Milliseconds until a process that is gone is started again, at most. */
const RESTART_MS = 30_000

/** A place where one process runs after the other, on the same disk. */
export type Slot = { readonly disk: SimDisk; process: SimProcess; isRestarting: boolean }

/** Everything there is: Postgres, disks, processes, clients, and the faults that befall them. */
export class World {
  readonly time = { ms: 0, turns: [] as (() => void)[] }
  readonly random: Random
  readonly postgres: SimPostgres
  readonly ledger: SimLedger
  readonly checks: Checks
  readonly slots: Slot[] = []
  readonly requests: SimRequest[] = []
  /** What has happened, and how often: a run that meets no trouble proves nothing. */
  readonly seen = new Map<string, number>()
  /** What the world does to itself later: ends of troubles, restarts. */
  readonly clock = new SimClock(this.time)
  /** What the clock of Postgres is ahead. */
  databaseAheadMs = 0
  /** Everything recovers: no faults any more, and no new requests. */
  isCalm = false
  readonly #faults: [weight: number, name: string][]
  /** Milliseconds in which Postgres could be used. */
  #upMs = 0
  #ids = 0

  constructor(seed: number) {
    this.random = new Random(seed)
    this.#faults = chooseFaults(this.random)
    this.postgres = new SimPostgres(this.random, () => this.time.ms)
    const today = () => new Date(this.time.ms + this.databaseAheadMs)
    const instances = new Instances(today, () => this.#upMs)
    this.ledger = new SimLedger(instances, today, (what) => this.saw(what))
    this.checks = new Checks(this)
    for (const credits of [100n, 1_000n, 50_000n]) this.ledger.grant(this.nextId('a'), credits)
    const disks = [new SimDisk(), new SimDisk()]
    for (let slot = this.random.between(2, 3); slot > 0; slot -= 1) {
      const disk = this.random.pick(disks)
      this.slots.push({ disk, process: this.#start(disk, null), isRestarting: false })
    }
  }

  saw(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1)
  }

  /** A process takes over the file of a journal. */
  tookOver(file: string): void {
    const isLive = ({ process }: Slot) =>
      process.isAlive && file.includes(`/${process.running?.journal.name}.`)
    this.saw(`a journal of a ${this.slots.some(isLive) ? 'live' : 'dead'} process taken over`)
  }

  nextId(kind: string): string {
    this.#ids += 1
    return `${kind}${this.#ids}`
  }

  /** Whether another process of the machine has that id. */
  isRunning(pid: number, asking: SimProcess): boolean {
    return this.slots.some(
      ({ process }) => process.pid === pid && process !== asking && process.isAlive,
    )
  }

  /** Requests to which something can happen from outside. */
  active(): SimRequest[] {
    return this.requests.filter(isActive)
  }

  append(journal: Journal, settlement: Settlement): void {
    const request = this.requests.find(({ id }) => id === settlement.id) as SimRequest
    request.isUnwritable = true
    journal.append(settlement)
    request.isUnwritable = false
    request.isJournaled = true
  }

  /** Lets one thing happen. @returns it, for the trace */
  step(): string {
    for (const slot of this.slots) this.#restartLater(slot)
    const moving = this.postgres.moving()
    const due = this.#clocks().filter((clock) => (clock.dueInMs ?? 1) <= 0)
    const isIdle = moving.length === 0 && due.length === 0
    const what = this.random.weighed([
      [moving.length === 0 ? 0 : 45, 'message'],
      [due.length === 0 ? 0 : 45, 'timer'],
      [15, 'client'],
      [isIdle ? 60 : 6, 'time'],
      [this.isCalm ? 0 : 1, 'fault'],
    ])
    if (what === 'message') return this.postgres.move(this.random.pick(moving))
    if (what === 'timer') return this.#fire(this.random.pick(due))
    if (what === 'client') return clientAction(this)
    if (what === 'fault') return inflict(this, this.random.weighed(this.#faults) ?? 'crash')
    return this.#wait(isIdle)
  }

  /** Everything recovers: whatever was wrong is mended. */
  recover(): void {
    this.isCalm = true
    this.postgres.comeUp()
    this.postgres.faults = { dropped: 0, lost: 0, duplicated: 0 }
    for (const { disk, process } of this.slots) {
      disk.room = Number.POSITIVE_INFINITY
      disk.sickness = 0
      process.isPaused = false
      process.isCutOff = false
      process.diesIn = null
    }
  }

  /** Tells every process to stop, and starts none again. */
  stop(): void {
    for (const slot of this.slots) {
      slot.isRestarting = true
      slot.process.stop()
    }
  }

  get isStopped(): boolean {
    return this.slots.every(({ process }) => !process.isAlive)
  }

  /** Nothing is left to be settled, in Postgres, in memory or on a disk. */
  get isQuiet(): boolean {
    return this.ledger.holds.size === 0 && this.slots.every((slot) => isQuiet(slot, this.slots))
  }

  #clocks(): SimClock[] {
    const running = this.slots.filter(({ process }) => process.isAlive && !process.isPaused)
    return [this.clock, ...running.map(({ process }) => process.clock)]
  }

  #fire(clock: SimClock): string {
    const owner = this.slots.find(({ process }) => process.clock === clock)
    clock.fire()
    return owner ? `a timer of ${owner.process.pid}` : 'a trouble ends, or a process starts'
  }

  /** Time goes on: to the next timer where nothing else can happen, otherwise a bit. */
  #wait(isIdle: boolean): string {
    const dues = this.#clocks().flatMap(({ dueInMs }) => dueInMs ?? [])
    const next = Math.max(1, Math.min(2_000, ...dues))
    const some = this.random.chance(90) ? 40 : 1_500
    const ms = isIdle ? next : this.random.between(1, some)
    this.time.ms += ms
    if (this.postgres.state === 'up') this.#upMs += ms
    return `${ms} ms pass`
  }

  #restartLater(slot: Slot): void {
    if (slot.process.isAlive || slot.isRestarting) return
    slot.isRestarting = true
    this.clock.after(this.random.between(100, this.isCalm ? 3_000 : RESTART_MS), () => {
      slot.process = this.#start(slot.disk, slot.process)
      slot.isRestarting = false
    })
  }

  /** A container starts again with the process id it had. */
  #start(disk: SimDisk, before: SimProcess | null): SimProcess {
    this.#ids += 1
    const pid = before && this.random.chance(40) ? before.pid : this.#ids
    return new SimProcess(this, pid, disk)
  }
}

function isQuiet({ disk, process }: Slot, slots: Slot[]): boolean {
  const { running, queue, isAlive, isDraining } = process
  if (!isAlive || isDraining || !running || running.door.size > 0 || queue.size > 0) return false
  const owners = slots.filter((slot) => slot.disk === disk).map((slot) => slot.process.running)
  const files = disk.readdirSync('/journal').filter((file) => file.endsWith('.journal'))
  return files.every((file) => owners.some((owner) => owner?.journal.owns(file)))
}
