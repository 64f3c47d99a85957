import type { Outcome } from '../domain/ending.ts'
import type { Usage } from '../domain/usage.ts'
import { ProxyError } from '../errors.ts'
import { type ChatAnswer, readChatAnswer } from '../wire/chat-answer.ts'
import { jsonAsStream } from '../wire/json-as-stream.ts'
import { editMembers } from '../wire/json-members.ts'
import { usageBody } from '../wire/usage-tap.ts'
import { failureInBand, failureOfThrown, isTimeout } from './failure.ts'
import { concludeRelay, type RelayOptions } from './relay.ts'

/** Bytes of an answer that comes in one piece; a larger one is refused. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024

const NOTHING = { chunkCount: 0, completionLength: 0 }

/**
 * Collects one JSON answer, reads it, and hands it on as it came; or as an event stream, where
 * the client asked for one.
 */
export class JsonRelay {
  readonly #options: RelayOptions
  readonly #abort: (reason: string) => void
  readonly #startedAt: number
  readonly #chunks: Buffer[] = []
  readonly #settled = Promise.withResolvers<Buffer | null>()
  #bytes = 0
  #over = false
  #ttftMs: number | null = null

  constructor(options: RelayOptions, abort: (reason: string) => void, startedAt: number) {
    this.#options = options
    this.#abort = abort
    this.#startedAt = startedAt
  }

  /**
   * Resolves with the body to send, or null when a stream was written or the client has gone;
   * rejects with the failure.
   */
  get done(): Promise<Buffer | null> {
    return this.#settled.promise
  }

  data(chunk: Buffer): void {
    this.#ttftMs ??= performance.now() - this.#startedAt
    this.#bytes += chunk.length
    this.#chunks.push(chunk)
    if (this.#bytes > ANSWER_BYTES_MAX) {
      const cause = new Error(`the upstream's answer is larger than ${ANSWER_BYTES_MAX} bytes`)
      this.#fail('upstream_error', new ProxyError('upstream_error', { cause }))
    }
  }

  end(): void {
    const body =
      this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks)
    const { stream, alias } = this.#options
    const received = body.toString('utf8')
    const answer = readChatAnswer(received)
    const named = answer.choices !== null && alias !== null
    const text = named ? editMembers(received, { model: JSON.stringify(alias) }) : received
    const choicesMin = stream ? 1 : 0 // a stream of none would be an empty 200
    if (answer.error !== null) this.#fail('upstream_error', failureInBand(answer.error))
    else if ((answer.choices ?? -1) < choicesMin)
      this.#fail('upstream_error', notACompletion(this.#bytes))
    else {
      this.#finish('completed', null, answer, (estimated) => {
        if (stream) this.#writeAsStream(text, answer, estimated)
        this.#settled.resolve(stream ? null : named ? Buffer.from(text) : body)
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

  #writeAsStream(body: string, { usage, wireUsage }: ChatAnswer, estimated: Usage): void {
    const { response, takeOver, wantsUsage } = this.#options
    const reported = usage === null ? usageBody(estimated) : wireUsage
    response.writeHead(200, takeOver())
    response.end(jsonAsStream(body, wantsUsage ? reported : null))
  }

  #fail(outcome: Outcome, error: ProxyError): void {
    this.#abort(error.message)
    this.#finish(outcome, error, null, () => this.#settled.reject(error))
  }

  #finish(
    outcome: Outcome,
    error: ProxyError | null,
    answer: ChatAnswer | null,
    last: (estimated: Usage) => void,
  ): void {
    if (this.#over) return
    this.#over = true
    const delivered = answer?.delivered ?? NOTHING
    const reported = answer?.usage ?? null
    const answered = answer !== null
    const ttftMs = this.#ttftMs
    const relayed = { outcome, delivered, reported, answered, error, ttftMs }
    concludeRelay(this.#options, relayed, () => answer?.completion ?? '', last)
  }
}

function notACompletion(bytes: number): ProxyError {
  const what = bytes === 0 ? 'an empty body' : 'a body that is not a chat completion'
  return new ProxyError('upstream_error', {
    cause: new Error(`the upstream answered 200 with ${what}`),
  })
}
