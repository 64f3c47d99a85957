import type { IncomingHttpHeaders } from 'node:http'
import type { Pool } from 'undici'
import type { Outcome } from '../domain/ending.ts'
import type { Delivered } from '../domain/usage.ts'
import type { ProxyError } from '../errors.ts'
import { UpstreamCall, type UpstreamListener } from './call.ts'
import { failureOfThrown, isTimeout } from './failure.ts'
import { JsonRelay } from './json-relay.ts'
import { RefusalRelay } from './refusal-relay.ts'
import { NOTHING_RELAYED, type RelayOptions } from './relay.ts'
import { StreamRelay } from './stream-relay.ts'

type Relay = Omit<UpstreamListener, 'head'> & {
  done: Promise<Buffer | null>
  /** What was delivered so far; null where nothing counts before the end. */
  delivered?: Delivered | null
  abandon(): void
  stop(error: ProxyError): void
}

export type UpstreamRequest = { path: string; headers: Record<string, string>; body: string }

/**
 * One request to the upstream and its answer on the way to the client. The upstream's head
 * decides what kind of answer it is: an event stream, a JSON document, or a refusal.
 */
export class Exchange implements UpstreamListener {
  readonly #options: RelayOptions
  readonly #call: UpstreamCall
  readonly #startedAt = performance.now()
  readonly #settled = Promise.withResolvers<Buffer | null>()
  readonly #ended = Promise.withResolvers<void>()
  #relay: Relay | null = null
  #over = false

  constructor(options: RelayOptions) {
    this.#options = {
      ...options,
      ended: (relayed) => {
        options.ended(relayed)
        this.#ended.resolve()
      },
    }
    this.#call = new UpstreamCall(this)
  }

  /**
   * Sends the request and relays the answer.
   * @returns the body of a JSON answer, or nothing when the stream was written or the client left
   * @throws ProxyError the failure, where nothing was written to the client yet
   */
  run(pool: Pool, request: UpstreamRequest): Promise<Buffer | null> {
    this.#call.start(pool, request.path, request.headers, request.body)
    return this.#settled.promise
  }

  /** What the client was sent so far; null before the answer began. */
  get delivered(): Delivered | null {
    return this.#relay?.delivered ?? null
  }

  /** The client has gone: the upstream is stopped at once. Resolves when the ending is known. */
  abandon(): Promise<void> {
    this.#call.abort('the client has gone')
    if (this.#relay) this.#relay.abandon()
    else this.#finish(null, 'client_gone')
    return this.#ended.promise
  }

  /** We can not go on: the client is told why, with a status or an event. */
  stop(error: ProxyError): void {
    this.#call.abort(error.message)
    if (this.#relay) this.#relay.stop(error)
    else this.#finish(error, 'shutting_down')
  }

  head(status: number, headers: IncomingHttpHeaders): void {
    this.#options.answering()
    this.#relay = this.#relayFor(status, headers)
    this.#settled.resolve(this.#relay.done)
  }

  data(chunk: Buffer): void {
    this.#relay?.data(chunk)
  }

  end(): void {
    this.#relay?.end()
  }

  failed(error: Error): void {
    if (this.#relay) this.#relay.failed(error)
    else this.#finish(failureOfThrown(error), isTimeout(error) ? 'timed_out' : 'upstream_error')
  }

  #relayFor(status: number, headers: IncomingHttpHeaders): Relay {
    const options = this.#options
    if (status >= 300) return new RefusalRelay(options, status, headers)
    const isEventStream = /^text\/event-stream\b/i.test(headers['content-type'] ?? '')
    if (options.stream && isEventStream) {
      return new StreamRelay(options, this.#call, this.#startedAt)
    }
    const abort = (reason: string) => this.#call.abort(reason)
    return new JsonRelay(options, abort, this.#startedAt)
  }

  #finish(error: ProxyError | null, outcome: Outcome): void {
    if (this.#over) return
    this.#over = true
    this.#options.ended({ ...NOTHING_RELAYED, outcome, error })
    if (error) this.#settled.reject(error)
    else this.#settled.resolve(null)
  }
}
