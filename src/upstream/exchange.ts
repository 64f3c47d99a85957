import type { IncomingHttpHeaders } from 'node:http'
import type { Pool } from 'undici'
import { beginsCoded, decoderOf } from '../content-coding.ts'
import type { Outcome } from '../domain/ending.ts'
import type { Delivered } from '../domain/usage.ts'
import { ProxyError } from '../errors.ts'
import { BytesRelay } from './bytes-relay.ts'
import { UpstreamCall, type UpstreamListener } from './call.ts'
import { DecodedSource } from './decoded-source.ts'
import { failureOfThrown, isTimeout } from './failure.ts'
import { LookingRelay } from './looking-relay.ts'
import { RefusalRelay } from './refusal-relay.ts'
import { NOTHING_RELAYED, type Relay, type RelayOptions, type WholeAnswer } from './relay.ts'
import type { Source } from './source.ts'
import { StreamRelay } from './stream-relay.ts'
import { WholeRelay } from './whole-relay.ts'

export type UpstreamRequest = {
  pool: Pool
  path: string
  headers: Record<string, string>
  body: string | Uint8Array
  /** Milliseconds the upstream may take to begin its answer. */
  firstByteMs: number
  /** Whether to try again after a refusal, since the request is another one now. */
  reconsider(status: number, refusal: string): boolean
}

/** What an answer comes through: decoded, where the upstream compressed it. */
type Way = { source: Source; receiver: Omit<UpstreamListener, 'head'> }

/**
 * One request to the upstream and its answer on the way to the client. The upstream's head
 * decides what kind of answer it is: an event stream, a document, bytes of audio, or a refusal.
 * An attempt that nobody can have answered is made once again (W-140).
 */
export class Exchange implements UpstreamListener {
  readonly #options: RelayOptions
  readonly #settled = Promise.withResolvers<WholeAnswer | null>()
  readonly #ended = Promise.withResolvers<void>()
  #open: (() => UpstreamRequest) | null = null
  #call = new UpstreamCall(this)
  #startedAt = performance.now()
  #retried = false
  /** Of the request that runs. */
  #mayReconsider: UpstreamRequest['reconsider'] = () => false
  #relay: Relay | null = null
  #way: Way | null = null
  #over = false

  constructor(options: RelayOptions) {
    const { ended } = options
    this.#options = {
      ...options,
      ended: (relayed) => {
        ended(relayed)
        this.#ended.resolve()
      },
    }
  }

  /**
   * Sends the request and relays the answer.
   * @param open makes the request, for each attempt
   * @returns an answer in one piece, or null when it was written as it came or the client left
   * @throws ProxyError the failure, where nothing was written to the client yet
   */
  run(open: () => UpstreamRequest): Promise<WholeAnswer | null> {
    this.#open = open
    this.#start(open())
    return this.#settled.promise
  }

  /** What the client was sent so far; null before the answer began. */
  get delivered(): Delivered | null {
    return this.#relay?.delivered ?? null
  }

  /** Milliseconds since the attempt that runs was begun. */
  get attemptMs(): number {
    return performance.now() - this.#startedAt
  }

  /** The client has gone: the upstream is stopped at once. Resolves when the ending is known. */
  abandon(): Promise<void> {
    this.#abort('the client has gone')
    if (this.#relay) this.#relay.abandon()
    else this.#finish(null, 'client_gone')
    return this.#ended.promise
  }

  /** We can not go on: the client is told why, with a status or an event. */
  stop(error: ProxyError): void {
    this.#abort(error.message)
    if (this.#relay) this.#relay.stop(error)
    else this.#finish(error, 'shutting_down')
  }

  head(status: number, headers: IncomingHttpHeaders): void {
    this.#options.answering()
    const way = this.#wayOf(headers['content-encoding'])
    if (way === null) return
    this.#way = way
    if (status >= 300) {
      const again = (failure: ProxyError, body: string) => this.#reconsider(failure, status, body)
      this.#relay = new RefusalRelay(this.#options, status, headers, again)
      this.#relay.done.then(this.#settled.resolve, this.#settled.reject)
    } else {
      this.#open = null
      this.#options.request = this.#options.forgetBody()
      this.#relay = this.#relayFor(headers['content-type'] ?? '', way.source)
      this.#settled.resolve(this.#relay.done)
    }
  }

  data(chunk: Buffer): void {
    this.#way?.receiver.data(chunk)
  }

  end(): void {
    this.#way?.receiver.end()
  }

  failed(error: Error): void {
    if (this.#way) this.#way.receiver.failed(error)
    else this.#failedEarly(error)
  }

  #failedEarly(error: Error): void {
    const failure = failureOfThrown(error)
    const mayTryAgain = !this.#retried && failure.retry !== false && this.#call.wasNotAnswered
    if (mayTryAgain) this.#again({ status: null, error: failure })
    else this.#finish(failure, isTimeout(error) ? 'timed_out' : 'upstream_error')
  }

  #start({ pool, path, headers, body, firstByteMs, reconsider }: UpstreamRequest): void {
    this.#startedAt = performance.now()
    this.#mayReconsider = reconsider
    this.#call.start(pool, path, headers, body, firstByteMs)
  }

  #again(failed: { status: number | null; error: ProxyError }): void {
    if (this.#open === null) return
    this.#retried = true
    this.#options.retrying(failed)
    this.#call = new UpstreamCall(this)
    this.#start(this.#open())
  }

  /** Tries once more where what was refused is left out now (W-83). */
  #reconsider(error: ProxyError, status: number, body: string): boolean {
    if (this.#over || !this.#mayReconsider(status, body)) return false
    this.#relay = null
    this.#way = null
    this.#again({ status, error })
    return true
  }

  #abort(reason: string): void {
    const source = this.#way?.source ?? this.#call
    source.abort(reason)
  }

  /** How the answer comes; null, and the end, where its coding is unknown. */
  #wayOf(coding: string | undefined): Way | null {
    const receiver = {
      data: (chunk: Buffer) => this.#relay?.data(chunk),
      end: () => this.#relay?.end(),
      failed: (error: Error) => this.#relay?.failed(error),
    }
    const decoder = decoderOf(coding)
    if (decoder === null) return { source: this.#call, receiver }
    if (decoder) {
      const decoded = new DecodedSource(this.#call, decoder, receiver, (first) =>
        beginsCoded(coding, first),
      )
      return { source: decoded, receiver: decoded }
    }
    const cause = new Error('the upstream sent an answer whose content-encoding is unknown')
    this.#call.abort(cause.message)
    this.#finish(new ProxyError('upstream_error', { cause }), 'upstream_error')
    return null
  }

  #relayFor(type: string, source: Source): Relay {
    const options = this.#options
    const startedAt = this.#startedAt
    const { endpoint, request } = options
    const whole = () => new WholeRelay(options, type, source, startedAt)
    const tap = request.stream ? endpoint.tap?.(request, options) : undefined
    if (tap) {
      const stream = () => new StreamRelay(options, tap, source, startedAt)
      return isEventStream(type) ? stream() : new LookingRelay(stream, whole)
    }
    if (endpoint.answersBytes && !/^(text\/|application\/json\b)/i.test(type)) {
      return new BytesRelay(options, type, source, startedAt)
    }
    return whole()
  }

  #finish(error: ProxyError | null, outcome: Outcome): void {
    if (this.#over) return
    this.#over = true
    this.#options.ended({ ...NOTHING_RELAYED, outcome, error })
    if (error) this.#settled.reject(error)
    else this.#settled.resolve(null)
  }
}

function isEventStream(type: string): boolean {
  return /^text\/event-stream\b/i.test(type)
}
