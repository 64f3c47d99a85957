import type { IncomingHttpHeaders } from 'node:http'
import { Pieces } from '../../body/pieces.ts'
import type { Outcome } from '../../domain/ending.ts'
import type { ProxyError } from '../../errors.ts'
import { failureOfAnswer, failureOfThrown, isTimeout } from '../failure.ts'
import { NOTHING_RELAYED, type RelayOptions } from './relay.ts'
import type { Source } from './source.ts'

/** Bytes of an upstream's error body that are read for its message, and the milliseconds for it. */
const ERROR_BYTES_MAX = 65_536
const ERROR_BODY_MS = 10_000

/** Reads an answer that is not 2xx far enough to say what it means. */
export class RefusalRelay {
  readonly #options: RelayOptions
  readonly #status: number
  readonly #headers: IncomingHttpHeaders
  readonly #source: Source
  readonly #again: (failure: ProxyError, body: string) => boolean
  readonly #pieces = new Pieces()
  readonly #settled = Promise.withResolvers<null>()
  readonly #timer: NodeJS.Timeout
  #over = false

  /** @param again tries once more, where that may help; then nobody waits for this relay */
  constructor(
    options: RelayOptions,
    status: number,
    headers: IncomingHttpHeaders,
    source: Source,
    again: (failure: ProxyError, body: string) => boolean,
  ) {
    this.#options = options
    this.#status = status
    this.#headers = headers
    this.#source = source
    this.#again = again
    this.#timer = setTimeout(() => this.#cut(), ERROR_BODY_MS)
  }

  /** Rejects with the failure; resolves with null when the client has gone. */
  get done(): Promise<null> {
    return this.#settled.promise
  }

  data(chunk: Buffer): void {
    this.#pieces.add(chunk)
    if (this.#pieces.bytes >= ERROR_BYTES_MAX) this.#cut()
  }

  /** What has come is the whole of it. */
  #cut(): void {
    this.#source.abort('enough was read of the refusal')
    this.end()
  }

  end(): void {
    clearTimeout(this.#timer)
    const body = this.#pieces.whole().toString('utf8')
    const failure = failureOfAnswer(this.#status, this.#headers, body, this.#options.apiKey)
    if (!this.#over && !this.#again(failure, body)) this.#finish('upstream_error', failure)
  }

  failed(error: Error): void {
    this.#finish(isTimeout(error) ? 'timed_out' : 'upstream_error', failureOfThrown(error))
  }

  stop(error: ProxyError): void {
    this.#finish('shutting_down', error)
  }

  abandon(): void {
    this.#finish('client_gone', null)
  }

  #finish(outcome: Outcome, error: ProxyError | null): void {
    if (this.#over) return
    this.#over = true
    clearTimeout(this.#timer)
    if (error && this.#options.elsewhere({ status: this.#status, error })) return
    this.#options.ended({ ...NOTHING_RELAYED, outcome, error, status: this.#status })
    if (error) this.#settled.reject(error)
    else this.#settled.resolve(null)
  }
}
