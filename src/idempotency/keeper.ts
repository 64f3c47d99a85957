import { type Clock, delay, SYSTEM_CLOCK } from '../clock.ts'
import type { Conclusion } from '../store/idempotency-answers.ts'
import type { Claim } from '../store/lanes/idempotency.ts'
import type { AnswerBox } from './answer-box.ts'
import type { Capture } from './capture.ts'

/** Milliseconds between two tries to conclude a claim, and tries until it is left to its fate. */
const RETRY_MS = 2_000
const TRIES_MAX = 30

/** A request with a key, when its answer is over. */
export type EndedClaim = {
  claim: Claim
  isCompleted: boolean
  head: { status: number; headers: Record<string, string> } | null
  capture: Capture
}

type KeeperPorts = {
  box: Pick<AnswerBox, 'seal'>
  /** One try. */
  submit(conclusion: Conclusion): Promise<unknown>
  /** Hears of the first failed try of a claim. */
  trouble(error: unknown, claim: Claim): void
}

/**
 * The claims of this process: those that run, and those that are on their way to be concluded. No
 * client waits for that. A claim that does not get through is left to what became of its request.
 */
export class Keeper {
  readonly #ports: KeeperPorts
  readonly #clock: Clock
  readonly #known = new Set<string>()
  readonly #concluding = new Set<Promise<void>>()
  #closing = false

  constructor(ports: KeeperPorts, clock = SYSTEM_CLOCK) {
    this.#ports = ports
    this.#clock = clock
  }

  /** The requests that have claimed a key, or may have. */
  known(): string[] {
    return [...this.#known]
  }

  begin(id: string): void {
    this.#known.add(id)
  }

  /** The request has not got the key. */
  forget(id: string): void {
    this.#known.delete(id)
  }

  /** Stores what is to be kept, and ends the claim. */
  conclude(ended: EndedClaim): void {
    const concluding = this.#conclude(ended).finally(() => {
      ended.capture.drop()
      this.#known.delete(ended.claim.id)
      this.#concluding.delete(concluding)
    })
    this.#concluding.add(concluding)
  }

  /** Tries once more what waits, then gives up. */
  async close(): Promise<void> {
    this.#closing = true
    await Promise.all(this.#concluding)
  }

  async #conclude({ claim, isCompleted, head, capture }: EndedClaim): Promise<void> {
    const { box, submit, trouble } = this.#ports
    const body = isCompleted && head ? capture.bytes : null
    const sealed = body && (await box.seal(body, claim.id))
    const answer = head && sealed && { ...head, body: sealed }
    for (let tries = 1; ; tries += 1) {
      try {
        await submit({ claim, isCompleted, answer })
        return
      } catch (error) {
        if (tries === 1) trouble(error, claim)
        if (this.#closing || tries === TRIES_MAX) return
        await delay(this.#clock, RETRY_MS)
      }
    }
  }
}
