import type { ServerResponse } from 'node:http'
import type { BufferShare } from '../../body/buffer-budget.ts'
import type { MicroCredits } from '../../domain/credits.ts'
import type { Ending } from '../../domain/ending.ts'
import type { Meter } from '../../domain/meter.ts'
import type { Delivered, EstimationMethod } from '../../domain/usage/estimate.ts'
import { NO_USAGE, type Usage } from '../../domain/usage/usage.ts'
import type { Endpoint } from '../../endpoints/endpoint.ts'
import type { ProxyError } from '../../errors.ts'
import type { Estimator } from '../../tokens/estimator.ts'
import type { Profile } from '../../wire/profile.ts'
import type { MeteredRequest } from '../../wire/requests/metered-request.ts'
import type { Origin } from '../../wire/sse/chunk-repairs.ts'
import type { UpstreamListener } from '../call.ts'

/** A finished relay: how it ended, and why where it failed. */
export type Relayed = Ending & {
  error: ProxyError | null
  ttftMs: number | null
  /** The upstream's status; null when it never answered. */
  status: number | null
  /** What is wrong with the usage that the upstream told. */
  oddUsage?: string | null
  /** The whole answer came, also where its client did not wait for it. */
  isComplete: boolean
}

/** An attempt that has failed. @property status null when the upstream never answered */
export type FailedAttempt = { status: number | null; error: ProxyError }

/** What a relay needs to know and may ask for. */
export type RelayOptions = {
  response: ServerResponse
  endpoint: Endpoint
  request: MeteredRequest
  /** The public name to answer with where the upstream knows the model by another (W-18). */
  alias: string | null
  /** What to fill in where the upstream does not say whose chunk it is. */
  origin: Origin
  /** The key the upstream was sent: nobody is told of it, should it repeat that. */
  apiKey: string | null
  /** Whether the tokens that the upstream reports have reasoning among them. */
  reasoningTokens: Profile['reasoningTokens']
  /** Keeps the delivered text, for a tokenizer to count. */
  keepText: boolean
  /** Milliseconds of silence after the upstream's head until ours is written; 0 is never. */
  commitMs: number
  meter: Meter
  /** Asks the ledger to let the hold grow. @returns its amount now; null when it did not grow */
  extend(amount: MicroCredits): Promise<MicroCredits | null>
  /** Why it does not grow. */
  shortage(): 'insufficient_quota' | 'spend_limit_reached' | 'account_suspended'
  estimate: Estimator
  /** How text is counted that nobody reported. */
  estimation: EstimationMethod
  /** What the request has in memory. */
  buffered: Pick<BufferShare, 'take'>
  /** Asked when an answer fails: where nothing was written, another route may be tried instead. */
  elsewhere(failed: FailedAttempt): boolean
  /** Takes over the reply and returns the headers it has so far; called once, at the first byte. */
  takeOver(): Record<string, string>
  /** Called once, before the bytes that tell the client that the answer is over. */
  ended(relayed: Relayed): void
}

/** Carries an answer of one kind to the client. */
export type Relay = Omit<UpstreamListener, 'head'> & {
  done: Promise<WholeAnswer | null>
  /** What was delivered so far; null where nothing counts before the end. */
  delivered?: Delivered | null
  /** Nobody reads it any more, and the upstream is stopped: what came is the ending. */
  abandon(): void
  stop(error: ProxyError): void
}

/** A whole answer, to be sent when the relay is over. */
export type WholeAnswer = { body: Buffer; type: string }

/** The head of an event stream (W-50). */
export const STREAM_HEAD = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
}

/**
 * Ends a relay whose upstream answered 200: finds the estimate, tells how it ended, then lets the
 * last bytes go; all in this turn of the event loop, unless text has to be tokenised.
 */
export function concludeRelay(
  { estimate, ended, elsewhere }: Pick<RelayOptions, 'estimate' | 'ended' | 'elsewhere'>,
  relayed: Omit<Relayed, 'estimated' | 'status' | 'isComplete'>,
  text: () => string,
  last: (estimated: Usage) => void,
): void {
  const { error } = relayed
  if (error && elsewhere({ status: 200, error })) return // nobody waits for this relay any more
  const conclude = (estimated: Usage) => {
    ended({ ...relayed, estimated, status: 200, isComplete: relayed.outcome === 'completed' })
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
  isComplete: false,
} as const
