import { every } from '../../src/clock.ts'
import { Door } from '../../src/credit/door.ts'
import type { Disk } from '../../src/journal/disk.ts'
import { Heir } from '../../src/journal/heir.ts'
import { Journal } from '../../src/journal/journal.ts'
import { keepLeases } from '../../src/leases/keep.ts'
import { Owner } from '../../src/leases/owner.ts'
import type { SettleAnswer, Settlement } from '../../src/store/lanes/settle.ts'
import { SettlementQueue } from '../../src/store/lanes/settlement-queue.ts'
import { type Lanes, lanesOf } from './lanes.ts'
import type { Caller, Connection } from './postgres.ts'
import type { SimRequest } from './request.ts'
import { SimClock } from './sim-clock.ts'
import type { SimDisk } from './sim-disk.ts'
import type { World } from './world.ts'

const FOLDER = '/journal'
const JOURNAL_BEAT_MS = 2_000

/**
 * One process of Tollkeeper: the real door, queue, lanes, journal and leases, wired as the plugins
 * wire them. It may die at any call of the outside world.
 */
export class SimProcess implements Caller {
  readonly pid: number
  readonly world: World
  readonly clock: SimClock
  readonly queue: SettlementQueue
  readonly lanes: Lanes
  isAlive = true
  isPaused = false
  isCutOff = false
  isDraining = false
  isDrained = false
  /** Requests that are not held yet. */
  readonly asking = new Set<Promise<void>>()
  /** Calls of the outside world until it dies; null where it does not. */
  diesIn: number | null = null
  #running: Running | null = null

  constructor(world: World, pid: number, disk: SimDisk) {
    this.world = world
    this.pid = pid
    this.clock = new SimClock(world.time)
    this.lanes = lanesOf(this)
    this.queue = new SettlementQueue(
      {
        submit: (settlement) => this.#submit(settlement),
        trouble: () => {},
        setAside: (settlement) => this.#setAside(settlement),
      },
      this.clock,
    )
    void this.#start(diskOf(this, disk))
  }

  /** What there is once it has registered; null before. */
  get running(): Running | null {
    return this.#running
  }

  /** Whether it takes requests. */
  get isServing(): boolean {
    return this.isAlive && !this.isPaused && !this.isDraining && this.#running !== null
  }

  /** A client's request. */
  take(request: SimRequest, amount: bigint, minimum: bigint): void {
    const serving = request.serve(amount, minimum).finally(() => this.asking.delete(serving))
    this.asking.add(serving)
  }

  /** A statement on its way to Postgres; a dead process never hears of it. */
  ask<T>(connection: Connection, what: string, statement: () => T): Promise<T> {
    if (!this.act()) return new Promise(() => {})
    return this.world.postgres.send(connection, `${this.pid} ${what}`, statement)
  }

  /** Counts a call of the outside world. @returns whether the process lives to make it */
  act(): boolean {
    if (this.isAlive && this.diesIn !== null) {
      if (this.diesIn === 0) this.die()
      else this.diesIn -= 1
    }
    return this.isAlive
  }

  die(): void {
    this.isAlive = false
    this.clock.stop()
  }

  #submit(settlement: Settlement): Promise<SettleAnswer> {
    this.world.checks.sends(this, settlement)
    return this.lanes.settle.submit(settlement)
  }

  #setAside(settlement: Settlement): void {
    if (!this.#running) throw new Error('there is no journal yet')
    this.world.saw('a settlement set aside')
    this.#running.journal.setAside(settlement, 'refused', this.clock.today())
  }

  /** SIGTERM: what runs is ended, settled, and the process goes, also where that goes wrong. */
  stop(): void {
    if (!this.#running || this.isDraining) return
    this.isDraining = true
    void this.#end(this.#running)
      .catch(() => {})
      .then(() => this.die())
  }

  async #end({ door, journal, heir, stops, owner }: Running): Promise<void> {
    for (const request of door.open()) request.conclude('shutting_down', request.delivered)
    await door.empty()
    this.isDrained = true
    await Promise.all(this.asking)
    await door.empty()
    for (const stop of stops) await stop()
    await Promise.all([heir.stop(), this.queue.idle()])
    journal.close()
    await this.lanes.store.signOff(owner.id).catch(() => {})
    if (this.isAlive) this.world.checks.stopped(this)
  }

  async #start(disk: Disk): Promise<void> {
    const register = async () => {
      const id = this.world.nextId('i')
      await this.lanes.store.register(id, 'host')
      return id
    }
    try {
      const owner = new Owner(await register(), register)
      this.#running = this.#run(owner, disk)
    } catch {
      this.die() // as a start does that fails
    }
  }

  #run(owner: Owner, disk: Disk): Running {
    const { clock, queue, lanes } = this
    const journal = new Journal(FOLDER, `${this.pid}-${owner.id}`, disk)
    const heir = new Heir({
      journal,
      settle: (settlement) => queue.add(settlement),
      trouble: () => {},
      damaged: () => this.world.saw('a damaged journal'),
      isAlive: (pid) => this.world.isRunning(pid, this),
      disk,
      clock,
    })
    const door = new Door<SimRequest>({
      journal: {
        append: (settlement) => this.world.append(journal, settlement),
        settled: (id) => journal.settled(id),
      },
      settlements: {
        add: (settlement) => {
          this.world.checks.leftTheDoor(this, settlement.id)
          return queue.add(settlement)
        },
      },
      trouble: () => {},
    })
    const inherit = () => void heir.look().catch(() => {})
    const open = () => [...door.open()]
    const stopLeases = keepLeases({
      store: lanes.store,
      clock,
      owner,
      open: door,
      checkpoints: () => open().map(({ id, delivered }) => ({ id, metered: delivered })),
      settlements: queue,
      inherit,
      log: { warn: (_, message) => this.world.saw(message) },
    })
    const beat = async () => journal.beat(clock.today())
    const stopBeating = every(clock, JOURNAL_BEAT_MS, beat, () => {})
    void heir.begin().catch(() => {})
    return { owner, journal, heir, door, stops: [stopLeases, stopBeating] }
  }
}

type Running = {
  owner: Owner
  journal: Journal
  heir: Heir
  door: Door<SimRequest>
  stops: (() => Promise<void>)[]
}

/** The disk as one process sees it: of the write in which it dies, a part may be there. */
function diskOf(process: SimProcess, disk: SimDisk): Disk {
  return new Proxy<SimDisk>(disk, {
    get(target, name: keyof Disk) {
      const call = target[name] as (...args: unknown[]) => unknown
      return (...args: unknown[]) => {
        if (name === 'writeSync' && process.isAlive && process.diesIn === 0) {
          const [fd, bytes] = args as [number, Buffer]
          target.writeSync(fd, bytes.subarray(0, process.world.random.below(bytes.length + 1)))
          process.world.saw('a process that died in a write')
        }
        if (!process.act()) throw new Error('the process is dead')
        if (process.world.random.chance(target.sickness)) {
          if (name === 'existsSync') return false
          throw new Error('EIO')
        }
        if (name === 'renameSync' && !String(args[1]).endsWith('.damaged'))
          process.world.tookOver(String(args[0]))
        return call.apply(target, args)
      }
    },
  })
}
