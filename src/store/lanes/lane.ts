import { type Clock, delay, SYSTEM_CLOCK } from '../../clock.ts'
import { ProxyError } from '../../errors.ts'
import { deadline, inTime } from '../../standstill.ts'
import { databaseError, isDataFault } from '../sqlstate.ts'

/** One statement that takes many rows at a time. */
export type LaneCall<Item, Answer> = {
  /** Answers in the order of the items. `replay`: an earlier call with them may have succeeded. */
  call(items: Item[], replay: boolean): Promise<Answer[]>
  /** Gives up the connection, also in the middle of a call, and takes a new one. */
  reconnect(): void
}

export type LaneLimits = {
  /** Items in one call. */
  batchMax: number
  /** Items waiting; one more is refused with `overloaded`. */
  queueMax: number
  /** Milliseconds a call may take before its connection is given up. */
  timeoutMs: number
  /**
   * Milliseconds an item waits for its answer, queued or in a call; then it is refused, and leaves
   * the queue. Without it an item waits as long as its calls take.
   */
  answerWithinMs?: number
  /** Milliseconds to gather items before a call, for what nobody waits for; 0 is one turn. */
  gatherMs?: number
}

/** A call that is over. A replay is a call of its own. */
export type LaneCallFacts = { size: number; durationMs: number; failed: boolean }

/** What those see of a lane who watch it. */
export type WatchedLane = {
  readonly depth: number
  watch(observe: (call: LaneCallFacts) => void): void
}

type Waiting<Item, Answer> = {
  item: Item
  /** Nobody waits for the answer any more. */
  isOver: boolean
  resolve(answer: Answer): void
  reject(error: ProxyError): void
}

/**
 * Natural batching: one call in flight, and whatever arrives meanwhile rides in the next. Light
 * load pays one `setImmediate` of waiting, so that the arrivals of one turn of the event loop
 * share a call; heavy load batches by itself.
 *
 * A call that fails is made once more with the same items: all together when the connection was
 * at fault, one by one when a row was, so that a bad row harms no other.
 */
export class Lane<Item, Answer> implements WatchedLane {
  readonly #statement: LaneCall<Item, Answer>
  readonly #limits: LaneLimits
  readonly #clock: Clock
  #queue: Waiting<Item, Answer>[] = []
  #running: Promise<void> | null = null
  #observe: (call: LaneCallFacts) => void = () => {}

  constructor(statement: LaneCall<Item, Answer>, limits: LaneLimits, clock = SYSTEM_CLOCK) {
    this.#statement = statement
    this.#limits = limits
    this.#clock = clock
  }

  /** Items waiting for the next call. */
  get depth(): number {
    return this.#queue.length
  }

  /** Tells of every call from now on; one listener a lane. */
  watch(observe: (call: LaneCallFacts) => void): void {
    this.#observe = observe
  }

  /**
   * @param withinMs less than the lane's own `answerWithinMs`, for one who has waited before
   * @throws ProxyError overloaded, ledger_unavailable (then the item may have taken effect)
   */
  submit(item: Item, withinMs = Number.POSITIVE_INFINITY): Promise<Answer> {
    if (this.#queue.length >= this.#limits.queueMax) {
      return Promise.reject(new ProxyError('overloaded'))
    }
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const waiting = { item, isOver: false, resolve, reject }
    this.#queue.push(waiting)
    this.#running ??= this.#run()
    const afterMs = Math.min(this.#limits.answerWithinMs ?? Number.POSITIVE_INFINITY, withinMs)
    if (afterMs === Number.POSITIVE_INFINITY) return promise
    const cancel = deadline(this.#clock, afterMs, () => this.#giveUp(waiting, afterMs))
    return promise.finally(cancel)
  }

  /** Resolves when nothing is queued or in flight. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running
  }

  /** An item that is in a call may still take effect: whoever submitted it has to see to that. */
  #giveUp(waiting: Waiting<Item, Answer>, afterMs: number): void {
    waiting.isOver = true
    const at = this.#queue.indexOf(waiting) // near the front, since it is one of the oldest
    if (at !== -1) this.#queue.splice(at, 1)
    const cause = new Error(`Postgres did not answer within ${Math.round(afterMs)} ms`)
    waiting.reject(new ProxyError('ledger_unavailable', { cause }))
  }

  async #run(): Promise<void> {
    const { gatherMs = 0 } = this.#limits
    await this.#clock.turn()
    while (this.#queue.length > 0) {
      if (gatherMs > 0) await delay(this.#clock, gatherMs)
      const batch = this.#queue.splice(0, this.#limits.batchMax)
      await this.#deliver(batch)
    }
    this.#running = null
  }

  async #deliver(batch: Waiting<Item, Answer>[]): Promise<void> {
    try {
      await this.#answer(batch, false)
    } catch (error) {
      if (isDataFault(error)) for (const one of batch) await this.#retry([one])
      else await this.#retry(batch)
    }
  }

  async #retry(batch: Waiting<Item, Answer>[]): Promise<void> {
    try {
      await this.#answer(batch, true)
    } catch (error) {
      const cause = databaseError(error)
      for (const { reject } of batch) reject(new ProxyError('ledger_unavailable', { cause }))
    }
  }

  async #answer(waiting: Waiting<Item, Answer>[], replay: boolean): Promise<void> {
    const batch = waiting.filter(({ isOver }) => !isOver)
    if (batch.length === 0) return
    const items = batch.map(({ item }) => item)
    const answers = await this.#timed(items.length, this.#statement.call(items, replay))
    for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as Answer)
  }

  /** postgres.js has no query timeout: a half-open connection would hang for ever. */
  async #timed(size: number, call: Promise<Answer[]>): Promise<Answer[]> {
    const { timeoutMs } = this.#limits
    const startedAt = this.#clock.now()
    let failed = false
    try {
      return await inTime(this.#clock, timeoutMs, call, () => {
        throw new Error(`Postgres did not answer within ${timeoutMs} ms`)
      })
    } catch (error) {
      failed = true
      if (!isDataFault(error)) this.#statement.reconnect()
      throw error
    } finally {
      this.#observe({ size, durationMs: this.#clock.now() - startedAt, failed })
    }
  }
}
