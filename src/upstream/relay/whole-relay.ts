import { Pieces } from '../../body/pieces.ts'
import { limitStall } from '../../body/stalled-client.ts'
import type { Outcome } from '../../domain/ending.ts'
import type { Usage } from '../../domain/usage/usage.ts'
import { ProxyError } from '../../errors.ts'
import type { Answer } from '../../wire/answers/answer.ts'
import { failureInBand, failureOfThrown, isTimeout } from '../failure.ts'
import { concludeRelay, type RelayOptions, STREAM_HEAD, type WholeAnswer } from './relay.ts'
import type { Source } from './source.ts'

/** Bytes of an answer that comes in one piece; a larger one is refused. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024

/** Said of every JSON answer: clients take anything else for a text (W-121). */
const JSON_TYPE = 'application/json; charset=utf-8'

const NOTHING = { chunkCount: 0, completionLength: 0 }

/** Leaves a byte order mark out, as clients do. */
const decoder = new TextDecoder()

/**
 * Collects an answer that comes in one piece, reads it, and hands it on as it came; or as an event
 * stream, where the client asked for one.
 */
export class WholeRelay {
  readonly #options: RelayOptions
  readonly #type: string
  readonly #source: Source
  readonly #startedAt: number
  readonly #pieces = new Pieces()
  readonly #settled = Promise.withResolvers<WholeAnswer | null>()
  #over = false
  #ttftMs: number | null = null

  /** @param type the upstream's content type */
  constructor(options: RelayOptions, type: string, source: Source, startedAt: number) {
    this.#options = options
    this.#type = type
    this.#source = source
    this.#startedAt = startedAt
  }

  /**
   * Resolves with the answer to send, or null when a stream was written or the client has gone;
   * rejects with the failure.
   */
  get done(): Promise<WholeAnswer | null> {
    return this.#settled.promise
  }

  data(chunk: Buffer): void {
    this.#ttftMs ??= performance.now() - this.#startedAt
    if (this.#pieces.bytes + chunk.length > ANSWER_BYTES_MAX) {
      const cause = new Error(`the upstream's answer is larger than ${ANSWER_BYTES_MAX} bytes`)
      this.#fail('upstream_error', new ProxyError('upstream_error', { cause }))
      return
    }
    try {
      this.#options.buffered.take(chunk.length)
      this.#pieces.add(chunk)
    } catch (error) {
      this.#fail('refused', error as ProxyError)
    }
  }

  end(): void {
    const body = this.#pieces.whole()
    const { endpoint, request, alias, apiKey, reasoningTokens } = this.#options
    const answer = endpoint.readAnswer(decoder.decode(body), request, alias, reasoningTokens)
    if (answer.error !== null) this.#fail('upstream_error', failureInBand(answer.error, apiKey))
    else if (!this.#isWanted(answer)) {
      this.#fail('upstream_error', this.#notAnAnswer())
    } else {
      this.#finish('completed', null, answer, (estimated) => {
        if (request.stream) this.#writeAsStream(answer, estimated)
        else this.#send(body, answer)
      })
    }
  }

  failed(error: Error): void {
    this.#fail(isTimeout(error) ? 'timed_out' : 'upstream_error', failureOfThrown(error))
  }

  stop(error: ProxyError): void {
    this.#fail('shutting_down', error)
  }

  abandon(): void {
    this.#finish('client_gone', null, null, () => this.#settled.resolve(null))
  }

  #send(received: Buffer, { edited, isPlain }: Answer): void {
    const body = edited === null ? received : Buffer.from(edited)
    this.#settled.resolve({ body, type: isPlain ? this.#type : JSON_TYPE })
  }

  #writeAsStream({ asStream }: Answer, estimated: Usage): void {
    const { response, takeOver } = this.#options
    response.writeHead(200, { ...takeOver(), ...STREAM_HEAD })
    response.end(asStream?.(estimated))
    limitStall(response)
    this.#settled.resolve(null)
  }

  /** Events are no plain text, and JSON no stream but where it can be told as one (W-69, W-70). */
  #isWanted({ isAnswer, isPlain, asStream }: Answer): boolean {
    const areEvents = isPlain && /^text\/event-stream\b/i.test(this.#type)
    return isAnswer && !areEvents && (asStream !== null || !this.#options.request.stream)
  }

  #notAnAnswer(): ProxyError {
    const wanted = `a body that is not ${this.#options.endpoint.answers}`
    const cause = `the upstream answered 200 with ${this.#pieces.bytes === 0 ? 'an empty body' : wanted}`
    return new ProxyError('upstream_error', { cause: new Error(cause) })
  }

  #fail(outcome: Outcome, error: ProxyError): void {
    this.#source.abort(error.message)
    this.#finish(outcome, error, null, () => this.#settled.reject(error))
  }

  #finish(
    outcome: Outcome,
    error: ProxyError | null,
    answer: Answer | null,
    last: (estimated: Usage) => void,
  ): void {
    if (this.#over) return
    this.#over = true
    const delivered = answer?.delivered ?? NOTHING
    const reported = answer?.usage ?? null
    const answered = answer !== null
    const ttftMs = this.#ttftMs
    const oddUsage = answer?.oddUsage ?? null
    const relayed = { outcome, delivered, reported, oddUsage, answered, error, ttftMs }
    concludeRelay(this.#options, relayed, () => answer?.completion ?? '', last)
  }
}
