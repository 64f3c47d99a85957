import type { Outcome } from '../../domain/ending.ts'
import type { Delivered } from '../../domain/usage/estimate.ts'
import { ProxyError } from '../../errors.ts'
import { failureOfThrown, isTimeout } from '../failure.ts'
import { Downstream } from './downstream.ts'
import { concludeRelay, type RelayOptions } from './relay.ts'
import type { Source } from './source.ts'

/** The type of bytes whose upstream does not say what they are. */
const UNKNOWN_TYPE = 'application/octet-stream'

/**
 * Carries an answer that is no text, such as audio, to the client as it comes. After its first byte
 * there is no way to tell the client of a failure but to cut the connection. No length is told, so
 * that the answer is complete for the client when it is on record.
 */
export class BytesRelay {
  readonly #options: RelayOptions
  readonly #type: string
  readonly #source: Source
  readonly #startedAt: number
  readonly #down: Downstream
  readonly #settled = Promise.withResolvers<null>()
  #chunks = 0
  #over = false
  #ttftMs: number | null = null

  /** @param type the upstream's content type */
  constructor(options: RelayOptions, type: string, source: Source, startedAt: number) {
    this.#options = options
    this.#type = type || UNKNOWN_TYPE
    this.#source = source
    this.#startedAt = startedAt
    this.#down = new Downstream(options.response, () => this.#source.resume())
  }

  /**
   * Resolves with null when the answer is over; rejects with the failure where none has begun.
   */
  get done(): Promise<null> {
    return this.#settled.promise
  }

  get delivered(): Delivered | null {
    return this.#chunks > 0 ? { chunkCount: this.#chunks, completionLength: 0 } : null
  }

  data(chunk: Buffer): void {
    if (this.#over) return
    this.#chunks += 1
    if (this.#chunks === 1) this.#begin()
    this.#down.add(chunk)
    this.#down.flush()
    if (this.#down.full) this.#source.pause()
  }

  end(): void {
    if (this.#chunks > 0) this.#finish('completed', null, () => this.#down.end())
    else this.#fail('upstream_error', noBytes())
  }

  failed(error: Error): void {
    const broken = this.#chunks > 0 ? 'upstream_broken' : 'upstream_error'
    this.#fail(isTimeout(error) ? 'timed_out' : broken, failureOfThrown(error))
  }

  /** The client has gone: what was generated is the ending. */
  abandon(): void {
    this.#finish('client_gone', null, () => {})
  }

  stop(error: ProxyError): void {
    this.#fail('shutting_down', error)
  }

  #begin(): void {
    this.#ttftMs = performance.now() - this.#startedAt
    this.#down.head({ ...this.#options.takeOver(), 'content-type': this.#type })
  }

  #fail(outcome: Outcome, error: ProxyError): void {
    this.#source.abort(error.message)
    this.#finish(outcome, error, () => {
      if (this.#chunks === 0) this.#settled.reject(error)
      else this.#options.response.destroy()
    })
  }

  #finish(outcome: Outcome, error: ProxyError | null, last: () => void): void {
    if (this.#over) return
    this.#over = true
    const delivered = { chunkCount: this.#chunks, completionLength: 0 }
    const answered = this.#chunks > 0
    const relayed = { outcome, delivered, reported: null, answered, error, ttftMs: this.#ttftMs }
    const noText = () => ''
    concludeRelay(this.#options, relayed, noText, () => {
      last()
      this.#settled.resolve(null)
    })
  }
}

function noBytes(): ProxyError {
  const cause = new Error('the upstream answered 200 with an empty body')
  return new ProxyError('upstream_error', { cause })
}
