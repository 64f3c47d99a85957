/**
 * What a request goes through, in order: who is asking, reading its body, may it, is its
 * Idempotency-Key new, can it pay, waiting for the upstream, carrying its answer, and the end. One
 * that is a repeat goes from `claim` to `replay`: sending an answer that was kept. One whose client
 * leaves goes to `finish` where its answer is read on.
 */
export type Stage =
  | 'auth'
  | 'body'
  | 'tier'
  | 'claim'
  | 'replay'
  | 'credit'
  | 'upstream'
  | 'answer'
  | 'finish'
  | 'ended'

/** When a request entered each stage: the stage it is in is where it fails, if it fails. */
export class Timeline {
  readonly #startedAt = performance.now()
  #stage: Stage = 'auth'
  readonly #entered: Partial<Record<Stage, number>> = { auth: 0 }
  readonly #entering: (stage: Stage) => void

  /** @param entering hears of each stage as it begins */
  constructor(entering: (stage: Stage) => void) {
    this.#entering = entering
  }

  get stage(): Stage {
    return this.#stage
  }

  /** Milliseconds from the start, by stage. */
  get stages(): Readonly<Partial<Record<Stage, number>>> {
    return this.#entered
  }

  enter(stage: Stage): void {
    this.#stage = stage
    this.#entered[stage] ??= Math.round(performance.now() - this.#startedAt)
    this.#entering(stage)
  }
}
