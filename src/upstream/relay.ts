import type { ServerResponse } from 'node:http'
import type { MicroCredits } from '../domain/credits.ts'
import type { Ending } from '../domain/ending.ts'
import type { Meter } from '../domain/meter.ts'
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

/** The parts of an ending when the upstream's answer never began. */
export const NOTHING_RELAYED = {
  delivered: { chunkCount: 0, completionLength: 0 },
  reported: null,
  estimated: { promptTokens: 0, cachedTokens: 0, completionTokens: 0, reasoningTokens: 0 },
  answered: false,
  ttftMs: null,
  status: null,
} as const
