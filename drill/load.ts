import { setTimeout as delay } from 'node:timers/promises'
import type { Account } from './accounts.ts'
import { Client, type Seen } from './client.ts'
import type { Instance } from './instance.ts'
import { type Mix, type Order, streamOrder, wholeOrder } from './orders.ts'
import type { Random } from './random.ts'
import { until } from './until.ts'

/** Milliseconds over which users begin. */
const RAMP_MS = 3_000

/** Milliseconds until a user comes back who was refused, and one who found nobody there. */
const REFUSED_MS = [300, 1_500] as const
const NOBODY_MS = [1_000, 4_000] as const

/** Milliseconds a user pauses between two whole answers. */
const THINK_MS = [100, 800] as const

/** One user of whole answers for so many of streams. */
const STREAMS_PER_WHOLE = 20

/** Milliseconds until every answer must be over once nobody asks any more. */
const FINISH_MS = 240_000

type LoadOptions = {
  instances: readonly Instance[]
  accounts: readonly Account[]
  mix: Mix
  /** A user who is turned away at one instance goes to the next at once. */
  failover: boolean
  random: Random
}

/** Users who ask for one answer after the other, and everything they saw. */
export class Load {
  readonly seen: Seen[] = []
  readonly #options: LoadOptions
  readonly #client = new Client()
  readonly #rich: readonly Account[]
  readonly #poor: readonly Account[]
  readonly #running = new Set<Seen>()
  readonly #byMark = new Map<string, Seen>()
  readonly #byId = new Map<string, Seen>()
  #users: Promise<void>[] = []
  #completions: { instance: Instance; resolve(): void }[] = []
  #isOpen = false
  #stranded = 0

  constructor(options: LoadOptions) {
    this.#options = options
    this.#rich = options.accounts.filter(({ isPoor }) => !isPoor)
    this.#poor = options.accounts.filter(({ isPoor }) => isPoor)
  }

  /** Lets so many users of streams begin, and some of whole answers. */
  begin(streams: number): void {
    this.#isOpen = true
    const whole = Math.ceil(streams / STREAMS_PER_WHOLE)
    for (let user = 0; user < streams + whole; user++) {
      this.#users.push(this.#use(user, user < streams))
    }
  }

  /** Lets nobody ask any more. Resolves when every answer is over. */
  async end(): Promise<void> {
    this.#isOpen = false
    await Promise.all(this.#users)
    this.#users = []
    await until('every answer is over', () => this.#running.size === 0, FINISH_MS)
  }

  async close(): Promise<void> {
    await this.#client.close()
  }

  /** Streams of an instance whose text has begun and which are not over. */
  inFlight(instance: Instance): Seen[] {
    return [...this.#running].filter(
      (seen) => seen.instance === instance && seen.order.stream && seen.characters > 0,
    )
  }

  /** Times that a user was turned away more often in a row than there are instances. */
  get stranded(): number {
    return this.#stranded
  }

  /** What was seen of the request with this id; undefined when no client was told of it. */
  findById(id: string): Seen | undefined {
    return this.#byId.get(id) ?? [...this.#running].find((seen) => seen.id === id)
  }

  findByMark(mark: string): Seen | undefined {
    return this.#byMark.get(mark)
  }

  /** Resolves when the next client of an instance has seen its answer complete, in that moment. */
  nextComplete(instance: Instance): Promise<void> {
    return new Promise((resolve) => this.#completions.push({ instance, resolve }))
  }

  async send(instance: Instance, account: Account, order: Order): Promise<Seen> {
    const { seen, over } = this.#client.send(instance, account, order)
    this.seen.push(seen)
    this.#running.add(seen)
    this.#byMark.set(order.mark, seen)
    await over
    this.#running.delete(seen)
    if (seen.id !== null) this.#byId.set(seen.id, seen)
    if (seen.ending === 'complete') this.#completed(instance)
    return seen
  }

  async #use(user: number, streams: boolean): Promise<void> {
    const { instances, mix, failover, random } = this.#options
    await delay(random.between(0, RAMP_MS))
    let at = user
    let tries = 0
    while (this.#isOpen) {
      const order = streams ? streamOrder(mix, random) : wholeOrder(mix, random)
      const instance = instances[at % instances.length] as Instance
      const seen = await this.send(instance, this.#account(), order)
      tries = isTurnedAway(seen) ? tries + 1 : 0
      if (tries > instances.length) this.#stranded += 1
      if (failover) at = tries === 0 ? random.whole(0, instances.length) : at + 1
      await delay(this.#pauseAfter(seen, tries))
    }
  }

  /** Milliseconds: nobody reads whole answers without a break, or goes on where nobody is. */
  #pauseAfter({ status, order, ending }: Seen, tries: number): number {
    const { failover, instances, random } = this.#options
    if (status === 200) return order.stream ? 0 : random.between(...THINK_MS)
    if (failover && tries > 0 && tries < instances.length) return 0 // there is another one
    const [least, most] = ending === 'unreachable' ? NOBODY_MS : REFUSED_MS
    return random.between(least, most)
  }

  #completed(instance: Instance): void {
    for (const { resolve } of this.#completions.filter((one) => one.instance === instance))
      resolve()
    this.#completions = this.#completions.filter((one) => one.instance !== instance)
  }

  #account(): Account {
    const { mix, random } = this.#options
    return random.one(random.share() < mix.poor ? this.#poor : this.#rich)
  }
}

/** Nobody there has looked at the request: another instance may. */
function isTurnedAway({ ending, code }: Seen): boolean {
  if (ending === 'refused') return code === 'shutting_down'
  return ending === 'unreachable' || ending === 'reset'
}
