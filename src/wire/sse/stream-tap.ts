import type { Delivered } from '../../domain/usage/estimate.ts'
import type { Usage } from '../../domain/usage/usage.ts'
import type { ProxyError } from '../../errors.ts'
import type { Profile } from '../profile.ts'
import type { Origin } from './chunk-repairs.ts'
import type { SseEvent } from './sse-scanner.ts'

/** What the relay does with an event. */
export type Verdict =
  | { kind: 'forward' }
  /** Sends this instead, under a name where events have one. */
  | { kind: 'rewrite'; data: string; name?: string }
  | { kind: 'withhold' }
  /** The answer is complete; what tells the client so is in `ending`. */
  | { kind: 'done' }
  /**
   * The upstream reported an error in the stream; `error` is its object or text. `last` makes the
   * event that tells it in these words, where clients know that event.
   */
  | { kind: 'error'; error: unknown; last?: (message: string) => string }
  /** Not an event of this endpoint. */
  | { kind: 'garbage' }

export const FORWARD: Verdict = { kind: 'forward' }
export const WITHHOLD: Verdict = { kind: 'withhold' }
export const DONE: Verdict = { kind: 'done' }
export const GARBAGE: Verdict = { kind: 'garbage' }

/** How a stream is read, whatever its endpoint. */
export type TapOptions = {
  /** Keeps the delivered text, for a tokenizer. */
  keepText: boolean
  /** The public model name where the upstream uses another (W-18). */
  alias?: string | null
  /** What to fill in where an upstream does not say whose chunk it is (W-72). */
  origin?: Origin
  /** Whether the tokens that are reported have reasoning among them. */
  reasoningTokens?: Profile['reasoningTokens']
}

/** Reads an event stream as it passes, and knows how it ends. */
export type StreamTap = Delivered & {
  /** Its events have names. */
  readonly named: boolean
  readonly usage: Usage | null
  /** What is wrong with a usage that it tells; null where nothing is. */
  readonly oddUsage: string | null
  /** What was delivered after the last report that told of more output. */
  readonly unreported: Delivered
  /** The answer has begun: from here on there is something to charge. */
  readonly begun: boolean
  /** The upstream may end the stream here. */
  readonly finished: boolean
  /** The last event has text. */
  readonly hasText: boolean
  /** The delivered text, where it was to be kept. */
  readonly text: string
  read(event: SseEvent): Verdict
  /** The last event is not delivered after all: it does not count. */
  takeBack(): void
  /** The events that end a complete stream. */
  ending(estimated: Usage): string
  /** The event that ends a stream that can not go on. */
  failing(error: ProxyError): string
  /** The usage that the client asked for and was not sent, as an event; '' where there is none. */
  usageEvent(estimated: Usage): string
}
