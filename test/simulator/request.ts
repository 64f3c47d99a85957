import type { Held } from '../../src/credit/door.ts'
import type { Outcome } from '../../src/domain/ending.ts'
import type { Settlement } from '../../src/store/lanes/settle.ts'
import { aRecord } from '../store/a-record.ts'
import type { SimProcess } from './process.ts'

/** What reaches a process from the client's connection once an answer is over. */
type Ending = 'response' | 'close'

const ENDINGS: Ending[][] = [['response'], ['close'], ['response', 'close'], ['close', 'response']]

/** A client's request, and its upstream: one credit a token. */
export class SimRequest implements Held {
  readonly id: string
  readonly accountId: string
  readonly process: SimProcess
  hold = 0n
  delivered = 0n
  cost = 0n
  outcome: Outcome = 'completed'
  /** Postgres takes no settlement of it but a guess. */
  readonly isPoison: boolean
  isStreaming = false
  isRefused = false
  isGone = false
  /** Its record is on the disk. */
  isJournaled = false
  /** The disk has not taken its record. */
  isUnwritable = false
  /** What the connection has still to tell. */
  endings: Ending[] = []
  #isConcluding = false
  #isAsking = false
  readonly #ended = Promise.withResolvers<void>()

  constructor(process: SimProcess, id: string, accountId: string, isPoison: boolean) {
    this.process = process
    this.id = id
    this.accountId = accountId
    this.isPoison = isPoison
  }

  get isConcluding(): boolean {
    return this.#isConcluding
  }

  /** As the hooks of `/v1` serve it: hold, door, and then the stream. */
  async serve(amount: bigint, minimum: bigint): Promise<void> {
    const { door, journal } = this.process.running as NonNullable<SimProcess['running']>
    const isHeld = journal.healthy && (await this.#isHeld(amount, minimum))
    this.isRefused = !isHeld
    if (!isHeld) return
    door.enter(this)
    this.isStreaming = true
    if (this.process.isDrained) this.conclude('refused', 0n)
    if (this.isGone) await door.hangUp(this.id)
  }

  async #isHeld(amount: bigint, minimum: bigint): Promise<boolean> {
    const { id, accountId } = this
    try {
      const answer = await this.process.lanes.reserve.submit({ id, accountId, amount, minimum })
      this.hold = answer.granted
      return answer.outcome === 'held'
    } catch {
      await this.#letGo()
      return false
    }
  }

  /** The upstream has sent a piece, which is passed on as far as the hold goes. */
  deliver(tokens: bigint): void {
    if (this.#isConcluding || this.#isAsking) return
    if (this.delivered + tokens <= this.hold) this.delivered += tokens
    else void this.#extend(tokens)
  }

  settlement(): Settlement {
    const { id, accountId, cost, outcome, isPoison } = this
    return {
      id,
      accountId,
      cost: isPoison ? -1n : cost,
      record: aRecord({ outcome }),
    } as Settlement
  }

  async abandon(): Promise<void> {
    this.conclude('client_gone', this.delivered)
    await this.#ended.promise
  }

  settled(): void {
    if (this.process.isAlive) this.process.world.checks.settled(this)
  }

  /** The upstream's side is over, at once or when its text is counted: the first ending counts. */
  conclude(outcome: Outcome, cost: bigint): void {
    if (this.#isConcluding) return
    this.#isConcluding = true
    const { clock, world } = this.process
    const last = () => this.#finish(outcome, cost)
    if (world.random.chance(25)) clock.after(world.random.between(1, 80), last)
    else last()
  }

  #finish(outcome: Outcome, cost: bigint): void {
    const { process } = this
    this.outcome = outcome
    this.cost = cost
    process.running?.door.seal(this.id)
    if (!process.act()) return
    this.isStreaming = false
    const { random, checks } = process.world
    if (outcome === 'client_gone') this.endings = random.chance(20) ? ['response'] : []
    else {
      checks.sawTheEnd(this)
      this.endings = [...random.pick(ENDINGS)]
    }
    this.#ended.resolve()
  }

  /** A hold whose answer was lost is let go, and the refusal recorded. */
  async #letGo(): Promise<void> {
    const { queue, lanes } = this.process
    this.outcome = 'refused'
    if (!queue.isCrowded) await queue.add(this.settlement())
    await lanes.records.submit({ id: this.id, outcome: 'refused' }).catch(() => {})
  }

  /** Takes a slice; a stream goes on while the ledger is away, and ends where it has no more. */
  async #extend(tokens: bigint): Promise<void> {
    this.#isAsking = true
    const { id } = this
    try {
      const amount = await this.process.lanes.extend.submit({ id, amount: this.hold + 10n })
      if (amount > this.hold) this.hold = amount
      else this.conclude('out_of_credits', this.delivered)
    } catch {
      if (!this.#isConcluding) this.delivered += tokens
    }
    this.#isAsking = false
  }
}
