import type { ServerResponse } from 'node:http'
import type { MicroCredits } from '../domain/credits.ts'
import type { Ending } from '../domain/ending.ts'
import type { Meter } from '../domain/meter.ts'
import { NO_USAGE, type Usage } from '../domain/usage.ts'
import type { ProxyError } from '../errors.ts'
import type { Estimator } from '../estimator.ts'

/** A finished relay: how it ended, and why where it failed. */
export type Relayed = Ending & {
  error: ProxyError | null
  ttftMs: number | null
  /** The upstream's status; null when it never answered. */
  status: number | null
}

/** What a relay needs to know and may ask for. */
export type RelayOptions = {
  response: ServerResponse
  stream: boolean
  wantsUsage: boolean
  /** The public name to answer with where the upstream knows the model by another (W-18). */
  alias: string | null
  /** Keeps the delivered text, for a tokenizer to count. */
  keepText: boolean
  /** Milliseconds of silence after the upstream's head until ours is written; 0 is never. */
  commitMs: number
  meter: Meter
  /** Asks the ledger to let the hold grow. @returns its amount now; null when it did not grow */
  extend(amount: MicroCredits): Promise<MicroCredits | null>
  estimate: Estimator
  /** The upstream has begun to answer. */
  answering(): void
  /** Takes over the reply and returns the headers of the stream; called once, at the first byte. */
  takeOver(): Record<string, string>
  /** Called once, before the bytes that tell the client that the answer is over. */
  ended(relayed: Relayed): void
}

/**
 * Ends a relay whose upstream answered 200: finds the estimate, tells how it ended, then lets the
 * last bytes go; all in this turn of the event loop, unless text has to be tokenised.
 */
export function concludeRelay(
  { estimate, ended }: Pick<RelayOptions, 'estimate' | 'ended'>,
  relayed: Omit<Relayed, 'estimated' | 'status'>,
  text: () => string,
  last: (estimated: Usage) => void,
): void {
  const conclude = (estimated: Usage) => {
    ended({ ...relayed, estimated, status: 200 })
    last(estimated)
  }
  const estimated = estimate(relayed.reported, relayed.delivered, text)
  if (estimated instanceof Promise) void estimated.then(conclude)
  else conclude(estimated)
}

/** The parts of an ending when the upstream's answer never began. */
export const NOTHING_RELAYED = {
  delivered: { chunkCount: 0, completionLength: 0 },
  reported: null,
  estimated: NO_USAGE,
  answered: false,
  ttftMs: null,
  status: null,
} as const
