import type { IncomingHttpHeaders } from 'node:http'
import type { Outcome } from '../domain/ending.ts'
import type { Delivered } from '../domain/usage/estimate.ts'
import { type ProxyError, toProxyError } from '../errors.ts'
import type { DisconnectPolicy } from '../wire/profile.ts'
import { Attempt, type ExchangeOptions, type Routes } from './attempt.ts'
import type { UpstreamListener } from './call.ts'
import { failureOfThrown, givenUp, isTimeout, unknownCoding } from './failure.ts'
import { ReadingOn } from './relay/reading-on.ts'
import { RefusalRelay } from './relay/refusal-relay.ts'
import {
  type FailedAttempt,
  NOTHING_RELAYED,
  type Relay,
  type RelayOptions,
  type WholeAnswer,
} from './relay/relay.ts'
import { relayFor } from './relay/relay-for.ts'
import type { Source } from './relay/source.ts'
import { wayOf } from './relay/way.ts'

/**
 * One request to the upstream and its answer on the way to the client. The upstream's head
 * decides what kind of answer it is: an event stream, a document, bytes of audio, or a refusal.
 * Until the first byte is written an attempt that failed is left for another route, where there is
 * one; and one that nobody can have answered is made once again (W-140).
 */
export class Exchange implements UpstreamListener {
  readonly #options: ExchangeOptions
  readonly #settled = Promise.withResolvers<WholeAnswer | null>()
  readonly #ended = Promise.withResolvers<void>()
  /** Null from when on the answer is none but the one that comes. */
  #routes: Routes | null = null
  /** The one that runs; null where its request could not even be made. */
  #attempt: Attempt | null = null
  #isRepeated = false
  #relay: Relay | null = null
  /** Since the client has gone, where its answer is read on. */
  #readingOn: ReadingOn | null = null
  #hasEnded = false

  constructor(options: ExchangeOptions) {
    const { ended } = options
    this.#options = {
      ...options,
      ended: (relayed) => {
        this.#hasEnded = true
        this.#routes = null
        this.#attempt?.keep()
        this.#readingOn?.end()
        ended(this.#readingOn ? { ...relayed, outcome: 'client_gone' } : relayed)
        this.#ended.resolve()
      },
    }
  }

  /**
   * Sends the request and relays the answer.
   * @returns an answer in one piece, or null when it was written as it came or the client left
   * @throws ProxyError the failure, where nothing was written to the client yet
   */
  run(routes: Routes): Promise<WholeAnswer | null> {
    this.#routes = routes
    this.#begin(routes)
    return this.#settled.promise
  }

  /** What the client was sent so far; null before the answer began. */
  get delivered(): Delivered | null {
    return this.#relay?.delivered ?? null
  }

  /** Milliseconds since the attempt that runs was begun. */
  get attemptMs(): number {
    return this.#attempt ? performance.now() - this.#attempt.startedAt : 0
  }

  /** Resolves when the ending is known. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }

  /**
   * The client has gone: the upstream is stopped at once, or its answer is read on, as its provider
   * has it.
   */
  abandon(): void {
    if (this.#hasEnded || this.#readingOn) return
    const policy = this.#options.disconnectPolicy()
    if (policy.onDisconnect === 'finish') this.#readOn(policy)
    else this.#leave('the client has gone')
  }

  /** We can not go on: the client is told why, with a status or an event. */
  stop(error: ProxyError): void {
    this.#attempt?.abort(error.message)
    if (this.#relay) this.#relay.stop(error)
    else this.#finish(error, 'shutting_down')
  }

  head(status: number, headers: IncomingHttpHeaders): void {
    const attempt = this.#attempt as Attempt
    attempt.keep() // whatever it is: what carries it has a time of its own
    this.#options.answering()
    if (this.#readingOn) this.#options.readingOn()
    attempt.way = wayOf(headers['content-encoding'], attempt.call, {
      data: (chunk) => this.#carry(chunk),
      end: () => this.#relay?.end(),
      failed: (error) => this.#relay?.failed(error),
    })
    if (attempt.way === null) this.#failUncoded(status)
    else this.#carryBy(this.#relayFor(attempt, attempt.way.source, status, headers))
  }

  data(chunk: Buffer): void {
    this.#attempt?.way?.receiver.data(chunk)
  }

  end(): void {
    this.#attempt?.way?.receiver.end()
  }

  failed(error: Error): void {
    const { way, call } = this.#attempt as Attempt
    if (way) way.receiver.failed(error)
    else this.#failedEarly(error, call)
  }

  #failedEarly(error: Error, call: Attempt['call']): void {
    const failed = { status: null, error: failureOfThrown(error) }
    const mayRepeat =
      this.#routes !== null &&
      !this.#isRepeated &&
      failed.error.retry !== false &&
      call.wasNotAnswered(error)
    // Any upstream closes idle connections: that says nothing against its route.
    if (mayRepeat && call.wasConnected) this.#again(failed)
    else if (this.#elsewhere(failed)) return
    else if (mayRepeat) this.#again(failed)
    else this.#finish(failed.error, isTimeout(error) ? 'timed_out' : 'upstream_error')
  }

  #failUncoded(status: number): void {
    const error = unknownCoding()
    if (this.#elsewhere({ status, error })) return
    this.#attempt?.abort(error.message)
    this.#finish(error, 'upstream_error')
  }

  #relayFor(attempt: Attempt, source: Source, status: number, headers: IncomingHttpHeaders): Relay {
    if (status >= 300) {
      const again = (error: ProxyError, body: string) => this.#reconsider({ status, error }, body)
      return new RefusalRelay(this.#relayOptions(attempt), status, headers, source, again)
    }
    if (!this.#routes?.hasOthers) this.#stay()
    const { 'content-type': type = '' } = headers
    return relayFor(this.#relayOptions(attempt), type, source, attempt.startedAt)
  }

  #carryBy(relay: Relay): void {
    this.#relay = relay
    relay.done.then(this.#settled.resolve, this.#settled.reject)
  }

  #relayOptions({ serving }: Attempt): RelayOptions {
    return {
      ...this.#options,
      ...serving,
      elsewhere: (failed) => this.#elsewhere(failed),
      takeOver: () => {
        this.#stay()
        return this.#options.takeOver()
      },
    }
  }

  /** Sends the request by the route that is taken now. */
  #begin(routes: Routes): void {
    this.#relay = null
    this.#attempt?.keep() // it is over, and its doubts are none of the next one's
    this.#attempt = null
    try {
      const request = routes.open()
      this.#attempt = new Attempt(this, request)
      const giveUp = () => this.#elsewhere({ status: null, error: givenUp(this.attemptMs) })
      this.#attempt.start(request, () => routes.isHopeless && giveUp())
    } catch (thrown) {
      const error = toProxyError(thrown)
      if (!this.#elsewhere({ status: null, error })) this.#finish(error, 'refused')
    }
  }

  /** Leaves the attempt for another route, where that is still possible. */
  #elsewhere(failed: FailedAttempt): boolean {
    const routes = this.#routes
    if (!routes?.moveOn(failed)) return false
    this.#attempt?.abort(failed.error.message)
    this.#begin(routes)
    return true
  }

  #again(failed: FailedAttempt): void {
    this.#isRepeated = true
    this.#options.retrying(failed)
    if (this.#routes) this.#begin(this.#routes)
  }

  /** Tries once more where what was refused is left out now (W-83). */
  #reconsider(failed: FailedAttempt, body: string): boolean {
    const isOther = this.#attempt?.mayReconsider(failed.status ?? 0, body) ?? false
    if (this.#routes === null || !isOther) return false
    this.#again(failed)
    return true
  }

  /** There is no other attempt any more. */
  #stay(): void {
    if (this.#routes === null) return
    this.#routes = null
    this.#options.forgetBody()
  }

  #readOn(policy: DisconnectPolicy): void {
    this.#stay()
    const late = () => this.#leave('the client has gone, and the time to read on is over')
    this.#readingOn = new ReadingOn(policy, this.delivered, late)
    this.#options.readingOn()
  }

  #carry(chunk: Buffer): void {
    this.#relay?.data(chunk)
    if (this.#readingOn?.isPast(this.delivered)) this.#leave('the client has gone: read on enough')
  }

  /** The upstream is stopped, and what came is the ending. */
  #leave(reason: string): void {
    this.#attempt?.abort(reason)
    if (this.#relay) this.#relay.abandon()
    else this.#finish(null, 'client_gone')
  }

  #finish(error: ProxyError | null, outcome: Outcome): void {
    if (this.#hasEnded) return
    this.#options.ended({ ...NOTHING_RELAYED, outcome, error })
    if (error) this.#settled.reject(error)
    else this.#settled.resolve(null)
  }
}
