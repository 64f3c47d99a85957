import { setTimeout as delay } from 'node:timers/promises'
import type { Account, Admin } from './accounts.ts'
import { countOpenHolds } from './books.ts'
import { isExcused } from './excuses.ts'
import type { Fault, Size } from './fault.ts'
import type { Instance } from './instance.ts'
import { Load } from './load.ts'
import { CALM } from './orders.ts'
import type { Random } from './random.ts'
import type { Scene } from './scene.ts'
import { until } from './until.ts'
import { type Finding, judge, type Kind, type Verdict } from './verdict.ts'
import { STUCK_MS, Watch } from './watch.ts'
import { meets, type Window } from './windows.ts'

/** Accounts with more credits than any drill spends, and some with few. */
const RICH = 60
const POOR = 10
const POOR_CREDITS = '60'

/** Milliseconds until the streams a fault wants are in flight. */
const FILL_MS = 60_000

/** Milliseconds until an instance serves again after a fault. */
const SERVE_MS = 30_000

/** Milliseconds the watch gets to find a stuck hold, on top of the hold's clock. */
const FIND_MS = 10_000

/** What an instance says when it declares another one dead. */
const DEAD = 'an instance is dead'

/** The share of an instance's users whose streams are in flight when a fault may begin. */
const FULL = 0.85

/** What a fault is played on: its scene, the users, and a watch on the ledger. */
export class Stage {
  readonly scene: Scene
  readonly size: Size
  readonly random: Random
  readonly load: Load
  readonly watch: Watch
  readonly notes: string[] = []
  readonly #fault: Fault
  readonly #broken: Finding[] = []
  readonly #ledgerTrouble = new Map<Instance, Window[]>()
  readonly #progress: (text: string) => void
  #runs = 0

  private constructor(scene: Scene, options: StageOptions, accounts: Account[]) {
    const { fault, size, random, progress } = options
    this.scene = scene
    this.#fault = fault
    this.size = size
    this.random = random
    this.#progress = progress
    const mix = { ...CALM, ...fault.mix }
    const { instances, sql, sandbox } = scene
    this.load = new Load({ instances, accounts, mix, failover: fault.failover ?? false, random })
    this.watch = new Watch(sql, this.load, sandbox)
  }

  /** Opens the accounts, and begins to watch. */
  static async set(scene: Scene, options: StageOptions): Promise<Stage> {
    const rich = await scene.admin.openAccounts(RICH)
    const poor = await scene.admin.openAccounts(POOR, POOR_CREDITS)
    return new Stage(scene, options, [...rich, ...poor])
  }

  get instances(): readonly Instance[] {
    return this.scene.instances
  }

  get runs(): number {
    return this.#runs
  }

  /** The instance whose turn it is in a run. */
  turn(run: number): Instance {
    return this.instances[run % this.instances.length] as Instance
  }

  get admin(): Admin {
    return this.scene.admin
  }

  /** A run has been played, or several. */
  played(runs = 1): void {
    this.#runs += runs
    this.#progress(`run ${this.#runs} of ${this.size.runs}`)
  }

  note(text: string): void {
    this.notes.push(text)
  }

  /** A promise was broken that is not about one request. */
  broke(what: string): void {
    this.#broken.push({ kind: 'other', what })
  }

  rest(ms: number): Promise<void> {
    return delay(ms)
  }

  /** Waits until an instance has the streams of its users in flight. @returns how many */
  async filled(instance: Instance): Promise<number> {
    const wanted = Math.floor((FULL * this.size.streams) / this.instances.length)
    const isFull = () => this.load.inFlight(instance).length >= wanted
    await until(`${wanted} streams of ${instance.name} in flight`, isFull, FILL_MS)
    return this.load.inFlight(instance).length
  }

  /** Waits until an instance has served a request that came after now. @returns milliseconds */
  served(instance: Instance): Promise<number> {
    const before = this.load.seen.length
    const isServed = () =>
      this.load.seen.slice(before).some((seen) => seen.instance === instance && seen.status === 200)
    return until(`${instance.name} serves again`, isServed, SERVE_MS)
  }

  /** Waits until nothing is held. */
  async settled(): Promise<void> {
    const isSettled = async () => (await countOpenHolds(this.scene.sql)) === 0
    await until('nothing is held', isSettled, STUCK_MS)
  }

  /** How often an instance was declared dead by another so far. */
  fenced(): number {
    return this.instances.flatMap((instance) => instance.logged(DEAD)).length
  }

  /**
   * From now on these instances may refuse requests as `ledger_unavailable`.
   * @returns ends that; the clock of holds that could not be settled begins then
   */
  ledgerAway(instances: readonly Instance[] = this.instances): () => void {
    const window: Window = { from: Date.now(), to: null }
    for (const instance of instances) {
      const windows = this.#ledgerTrouble.get(instance) ?? []
      this.#ledgerTrouble.set(instance, [...windows, window])
    }
    return () => {
      window.to = Date.now()
      this.watch.healed()
    }
  }

  /** Lets the users finish, waits until every hold is closed or stuck, and judges all of it. */
  async verdict(): Promise<Verdict> {
    const { sql, sandbox, upstreams } = this.scene
    const upstreamsDied = upstreams.flatMap(({ died }) => died)
    await this.load.end()
    const isClosed = async () => (await countOpenHolds(sql)) <= this.watch.stuck.size
    await until('every hold is closed', isClosed, STUCK_MS + FIND_MS).catch((error) =>
      this.broke(error.message),
    )
    await this.watch.end()
    const verdict = await judge({
      seen: this.load.seen,
      calls: await sandbox.calls(),
      sql,
      isExcused: (seen, call) =>
        isExcused(seen, call, {
          ledgerAway: this.#ledgerTrouble.get(seen.instance) ?? [],
          upstreamsDied,
          refusals: this.#fault.refusals ?? [],
        }),
      ...(upstreams.length > 0 && {
        isForgotten: ({ sentAt, endedAt }) =>
          meets(upstreamsDied, sentAt, endedAt ?? Date.now(), 0),
        microPerToken: (provider) =>
          upstreams.find(({ name }) => name === provider)?.microPerToken ?? 1n,
      }),
    })
    verdict.findings.push(...this.#broken, ...this.#standing(verdict))
    return verdict
  }

  /** What is not about one request. */
  #standing({ swept, late }: Verdict): Finding[] {
    const { overdrawn, stuck } = this.watch
    const find = (kind: Kind, what: string): Finding => ({ kind, what })
    const found = [
      ...[...overdrawn].map((id) => find('overdraft', `account ${id} was below zero`)),
      ...[...stuck].map((id) => find('stuck', `hold ${id} was open 90 s after its request`)),
    ]
    const died = this.instances.filter(({ deaths }) => deaths > 0)
    found.push(...died.map(({ name }) => find('other', `${name} ended by itself`)))
    const { failover, nobodyDies } = this.#fault
    const { stranded } = this.load
    if (failover && stranded > 0) found.push(find('other', `${stranded} times nobody served`))
    if (nobodyDies && this.fenced() > 0) found.push(find('other', 'an instance was fenced'))
    if (nobodyDies && swept + late > 0) found.push(find('other', 'running requests were swept'))
    return found
  }
}

export type StageOptions = {
  fault: Fault
  size: Size
  random: Random
  /** Hears how far the drill is. */
  progress(text: string): void
}
