import type { Outcome } from '../../domain/ending.ts'
import type { Delivered } from '../../domain/usage/estimate.ts'
import type { Usage } from '../../domain/usage/usage.ts'
import { ProxyError } from '../../errors.ts'
import { sseEvent } from '../../wire/sse/events.ts'
import { type SseEvent, SseScanner } from '../../wire/sse/sse-scanner.ts'
import type { StreamTap, Verdict } from '../../wire/sse/stream-tap.ts'
import { failureOfThrown, garbageEvent, isTimeout, truncatedStream } from '../failure.ts'
import { Downstream } from './downstream.ts'
import { heardOf, toldInBand } from './heard.ts'
import { concludeRelay, type RelayOptions, STREAM_HEAD } from './relay.ts'
import { SliceTaker } from './slice-taker.ts'
import type { Source } from './source.ts'

/** Bytes of one SSE event, where the endpoint says no other; a larger one breaks the stream. */
const EVENT_BYTES_MAX = 16 * 1024 * 1024

/** Milliseconds an upstream gets after [DONE] to end its answer, so that its connection is kept. */
const LAST_BYTES_MS = 1_000

const NONE: readonly SseEvent[] = []

/**
 * Carries one event stream from the upstream to the client. Every complete event leaves in the
 * turn of the event loop in which its last byte arrived, unless nothing is held for it: then it
 * waits for the ledger, and nothing is delivered that is not paid for. Until the head is written
 * a failure is thrown, and gets its true status; afterwards it is an event, and never followed by
 * [DONE].
 */
export class StreamRelay {
  readonly #options: RelayOptions
  readonly #source: Source
  readonly #startedAt: number
  readonly #scanner: SseScanner
  readonly #tap: StreamTap
  readonly #down: Downstream
  readonly #slices: SliceTaker
  /** Events that wait for the ledger. */
  #unpaid: readonly SseEvent[] = NONE
  #upstreamEnded = false
  readonly #settled = Promise.withResolvers<null>()
  #commitTimer: NodeJS.Timeout | null = null
  #lastBytesTimer: NodeJS.Timeout | null = null
  #committed = false
  #over = false
  #ttftMs: number | null = null

  constructor(options: RelayOptions, tap: StreamTap, source: Source, startedAt: number) {
    this.#options = options
    this.#source = source
    this.#startedAt = startedAt
    this.#tap = tap
    const { eventBytesMax = EVENT_BYTES_MAX } = options.endpoint
    this.#scanner = new SseScanner(eventBytesMax, tap.named)
    this.#down = new Downstream(options.response, () => this.#steer())
    this.#slices = new SliceTaker(options, () => this.#goOn())
    if (options.commitMs > 0) {
      this.#commitTimer = setTimeout(() => this.#commitInSilence(), options.commitMs)
    }
  }

  /**
   * Resolves with null when the stream is over; rejects with the failure where no head was written.
   */
  get done(): Promise<null> {
    return this.#settled.promise
  }

  get delivered(): Delivered | null {
    return this.#tap.begun ? this.#tap : null
  }

  data(chunk: Buffer): void {
    if (this.#over) return
    try {
      const events = this.#scanner.push(chunk)
      this.#takeAll(this.#unpaid.length === 0 ? events : this.#unpaid.concat(events))
    } catch (cause) {
      this.#fail('upstream_broken', new ProxyError('upstream_error', { cause }))
    }
  }

  end(): void {
    if (this.#lastBytesTimer) clearTimeout(this.#lastBytesTimer)
    this.#upstreamEnded = true
    if (!this.#over && this.#unpaid.length === 0) this.#endWithUpstream()
  }

  failed(error: Error): void {
    this.#fail(isTimeout(error) ? 'timed_out' : 'upstream_broken', failureOfThrown(error))
  }

  /** The client has gone: nothing more is written, and what was generated is the ending. */
  abandon(): void {
    this.#finish('client_gone', null, () => {})
  }

  /** We can not go on: the client is told, and what was generated is the ending. */
  stop(error: ProxyError): void {
    this.#fail('shutting_down', error)
  }

  /** The ledger has answered. */
  #goOn(): void {
    if (this.#over) return
    this.#takeAll(this.#unpaid)
    if (this.#upstreamEnded && !this.#over && this.#unpaid.length === 0) this.#endWithUpstream()
  }

  #takeAll(events: readonly SseEvent[]): void {
    let taken = 0
    while (taken < events.length && this.#take(events[taken] as SseEvent)) taken += 1
    if (this.#over) return
    this.#unpaid = taken === events.length ? NONE : events.slice(taken)
    this.#down.flush()
    this.#steer()
  }

  #endWithUpstream(): void {
    const last = this.#scanner.end()
    const goesOn = last === null || this.#take(last, true)
    if (this.#over) return
    if (last && !goesOn) {
      this.#unpaid = [last]
      return
    }
    if (this.#tap.finished) this.#complete()
    else this.#fail('upstream_broken', truncatedStream(this.#tap.begun))
  }

  /** @returns whether the stream goes on; when not, the event waits or the stream is over */
  #take(event: SseEvent, isUnterminated = false): boolean {
    const verdict = this.#tap.read(event)
    const credit = this.#tap.hasText ? this.#slices.check(this.#tap) : 'go'
    if (credit === 'go') this.#pass(event, verdict, isUnterminated)
    else this.#tap.takeBack()
    if (credit === 'cut') this.#fail('out_of_credits', new ProxyError(this.#options.shortage()))
    return credit === 'go' && !this.#over
  }

  #pass(event: SseEvent, verdict: Verdict, isUnterminated: boolean): void {
    switch (verdict.kind) {
      case 'forward':
        this.#commit()
        if (event.canonical) this.#down.add(event.canonical)
        else this.#down.addText(sseEvent(event.data, event.name))
        break
      case 'rewrite':
        this.#commit()
        this.#down.addText(sseEvent(verdict.data, verdict.name))
        break
      case 'withhold':
        break
      case 'done':
        if (this.#tap.begun) this.#completeBeforeItsEnd()
        else this.#fail('upstream_error', truncatedStream(false))
        break
      case 'error': {
        const { error, event } = toldInBand(verdict, this.#options.apiKey)
        this.#fail('upstream_broken', error, event)
        break
      }
      case 'garbage': // at the end it is the part that came of an event (W-62)
        if (!isUnterminated) this.#fail('upstream_broken', garbageEvent())
    }
  }

  /** Pauses the upstream while the client or the ledger lags. */
  #steer(): void {
    if (this.#over) return
    if (this.#unpaid.length > 0 || this.#down.full) this.#source.pause()
    else this.#source.resume()
  }

  #commit(): void {
    this.#ttftMs ??= performance.now() - this.#startedAt
    if (this.#committed) return
    this.#committed = true
    this.#stopTimer()
    this.#head()
  }

  #head(): void {
    this.#down.head({ ...this.#options.takeOver(), ...STREAM_HEAD })
    this.#down.keepAlive()
  }

  #commitInSilence(): void {
    this.#committed = true
    this.#head()
    this.#down.breakSilence()
  }

  /** The answer is over and the upstream's side is not: what it still sends is dropped. */
  #completeBeforeItsEnd(): void {
    this.#source.resume()
    const cut = () => this.#source.abort('the upstream did not end after its last event')
    this.#lastBytesTimer = setTimeout(cut, LAST_BYTES_MS).unref()
    this.#complete()
  }

  #complete(): void {
    this.#finish('completed', null, (estimated) => {
      this.#commit()
      this.#down.addText(this.#tap.ending(estimated))
      this.#down.end()
    })
  }

  /** @param told the event by which the upstream tells it, where clients know that event */
  #fail(outcome: Outcome, error: ProxyError, told?: string): void {
    this.#source.abort(error.message)
    const early = !this.#committed && outcome === 'upstream_broken'
    this.#finish(early ? 'upstream_error' : outcome, error, (estimated) => {
      if (!this.#committed) return this.#settled.reject(error)
      if (outcome === 'out_of_credits') this.#down.addText(this.#tap.usageEvent(estimated))
      this.#down.addText(told ?? this.#tap.failing(error))
      this.#down.end()
    })
  }

  /** Ends the relay once: tells how it ended, then lets the last bytes go. */
  #finish(outcome: Outcome, error: ProxyError | null, last: (estimated: Usage) => void): void {
    if (this.#over) return
    this.#over = true
    this.#stopTimer()
    const tap = this.#tap
    const answered = tap.begun && (this.#committed || outcome === 'completed')
    const heard = heardOf(tap, outcome, this.#options.estimation)
    const relayed = { ...heard, answered, error, ttftMs: this.#ttftMs }
    const conclude = (estimated: Usage) => {
      last(estimated)
      this.#settled.resolve(null)
    }
    concludeRelay(this.#options, relayed, () => tap.text, conclude)
  }

  #stopTimer(): void {
    if (this.#commitTimer) clearTimeout(this.#commitTimer)
    this.#commitTimer = null
  }
}
