import type { Delivered } from '../../domain/usage/estimate.ts'
import type { RelayOptions } from './relay.ts'

/** Milliseconds until the ledger is asked again after it could not be reached. */
const LEDGER_RETRY_MS = 1_000

/** Whether what was counted is paid for; `wait`: the ledger is asked, and has not answered yet. */
export type CreditState = 'go' | 'wait' | 'cut'

/** Takes the slices of a stream's hold: asks the ledger in time, one question at a time. */
export class SliceTaker {
  readonly #options: Pick<RelayOptions, 'meter' | 'extend'>
  readonly #answered: () => void
  #asking = false
  /**
   * The ledger can not be reached, or others have ended the hold since they took this process for
   * dead: the stream goes on, and its settlement takes what there is.
   */
  #ledgerAway = false

  /** @param answered called when the ledger has answered, to look again */
  constructor(options: Pick<RelayOptions, 'meter' | 'extend'>, answered: () => void) {
    this.#options = options
    this.#answered = answered
  }

  /** @param delivered with the event that is about to be delivered */
  check(delivered: Delivered): CreditState {
    const { meter } = this.#options
    if (!this.#asking) {
      const amount = meter.due(delivered)
      if (amount !== null) this.#ask(amount)
    }
    if (this.#ledgerAway || !meter.exceeded(delivered)) return 'go'
    return this.#asking ? 'wait' : 'cut'
  }

  #ask(amount: bigint): void {
    this.#asking = true
    this.#options.extend(amount).then(
      (granted) => {
        this.#asking = false
        this.#ledgerAway = false
        if (granted === null) this.#options.meter.refused()
        else this.#options.meter.extended(granted)
        this.#answered()
      },
      () => {
        this.#ledgerAway = true
        setTimeout(() => {
          this.#asking = false
        }, LEDGER_RETRY_MS).unref()
        this.#answered()
      },
    )
  }
}
