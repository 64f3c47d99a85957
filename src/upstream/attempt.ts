import type { Dispatcher } from 'undici'
import type { DisconnectPolicy } from '../wire/profile.ts'
import { UpstreamCall, type UpstreamListener } from './call.ts'
import type { FailedAttempt, RelayOptions } from './relay/relay.ts'
import type { Way } from './relay/way.ts'

/** Milliseconds from one look at an attempt that is in doubt to the next. */
const DOUBT_AGAIN_MS = 1_000

/** What is sent upstream, for one attempt. */
export type UpstreamRequest = {
  pool: Dispatcher
  path: string
  headers: Record<string, string>
  body: string | Uint8Array
  /** Milliseconds the upstream may take to begin its answer. */
  firstByteMs: number
  /** Whether to try again after a refusal, since the request is another one now. */
  reconsider(status: number, refusal: string): boolean
  /** Milliseconds after which it may be given up for another route; null where there is none. */
  doubtMs: number | null
  /** What depends on the route it goes. */
  serving: Serving
}

/** What a relay has to know of the route its answer came by. */
export type Serving = Pick<
  RelayOptions,
  'alias' | 'apiKey' | 'reasoningTokens' | 'meter' | 'extend' | 'shortage'
>

/** The ways to an upstream. */
export type Routes = {
  /** Makes the request by the route that is taken now, for each attempt anew. */
  open(): UpstreamRequest
  /** Whether there may be a next one. */
  readonly hasOthers: boolean
  /** Whether the attempt that runs has had its time, and another route works. */
  readonly isHopeless: boolean
  /** Takes the next route, where one is to be tried after this failure: the attempt is over. */
  moveOn(failed: FailedAttempt): boolean
}

export type ExchangeOptions = Omit<RelayOptions, 'elsewhere' | keyof Serving> & {
  /** The upstream has begun to answer. */
  answering(): void
  /** Its answer is none but this one: the body is let go. */
  forgetBody(): void
  /** An attempt has failed, and is made once again: that one tells what is wrong with its route. */
  retrying(failed: FailedAttempt): void
  /** What becomes of the answer if the client goes now. */
  disconnectPolicy(): DisconnectPolicy
  /** The client has gone, and its answer is read on. */
  readingOn(): void
}

/** One try at an upstream: a request on its way, and what its answer comes through. */
export class Attempt {
  readonly startedAt = performance.now()
  readonly call: UpstreamCall
  /** Null until the head has come. */
  way: Way | null = null
  readonly #request: Pick<UpstreamRequest, 'serving' | 'reconsider'>
  #timer: NodeJS.Timeout | null = null

  constructor(listener: UpstreamListener, { serving, reconsider }: UpstreamRequest) {
    this.call = new UpstreamCall(listener)
    this.#request = { serving, reconsider }
  }

  get serving(): Serving {
    return this.#request.serving
  }

  /** Whether it is worth another try after this refusal. */
  mayReconsider(status: number, refusal: string): boolean {
    return this.#request.reconsider(status, refusal)
  }

  /** @param giveUp called again and again once it is in doubt, until it returns true */
  start(request: UpstreamRequest, giveUp: () => boolean): void {
    const { pool, path, headers, body, firstByteMs, doubtMs } = request
    if (doubtMs !== null) this.#watch(doubtMs, giveUp)
    this.call.start(pool, path, headers, body, firstByteMs)
  }

  #watch(ms: number, giveUp: () => boolean): void {
    this.#timer = setTimeout(() => {
      if (!giveUp()) this.#watch(DOUBT_AGAIN_MS, giveUp)
    }, ms)
  }

  /** It is not given up for another route any more. */
  keep(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }

  abort(reason: string): void {
    this.keep()
    const source = this.way?.source ?? this.call
    source.abort(reason)
  }
}
