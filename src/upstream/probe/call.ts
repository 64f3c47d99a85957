import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import { SYSTEM_CLOCK } from '../../clock.ts'
import type { Answered, Heard, Unheard } from '../../doctor/heard.ts'
import { deadline, stopwatch } from '../../standstill.ts'
import { UpstreamCall, type UpstreamListener } from '../call.ts'
import { AddressRefused } from '../connect/address-guard.ts'
import { isTimeout } from '../failure.ts'

/** Bytes that are read of an answer. */
const ANSWER_BYTES_MAX = 256 * 1024

/** Bytes that are read of a list of models: some have hundreds, with their prices. */
export const LIST_BYTES_MAX = 8 * 1024 * 1024

/** Characters of a header that are kept, and headers. */
const HEADER_CHARS_MAX = 1_024
const HEADERS_MAX = 64

export type ProbeRequest = {
  method: 'GET' | 'POST'
  path: string
  headers: Record<string, string>
  body: string | null
  /** Milliseconds the whole call may take. */
  timeoutMs: number
  bytesMax?: number
  /** Breaks the call off as soon as what came so far is enough. */
  isEnough?(answer: Answered): boolean
  signal: AbortSignal
}

/** Makes one call to an upstream and listens to all of it, within bounds. Never rejects. */
export function probeCall(pool: Dispatcher, request: ProbeRequest): Promise<Heard> {
  return new Probe(request).run(pool)
}

class Probe implements UpstreamListener {
  readonly #request: ProbeRequest
  readonly #call = new UpstreamCall(this)
  /** How long the upstream takes, and not how long this process stood still. */
  readonly #watch = stopwatch(SYSTEM_CLOCK)
  readonly #heard = Promise.withResolvers<Heard>()
  readonly #decoder = new TextDecoder()
  #bytes = 0
  #answer: Answered | null = null

  constructor(request: ProbeRequest) {
    this.#request = request
  }

  async run(pool: Dispatcher): Promise<Heard> {
    const { method, path, headers, body, timeoutMs, signal } = this.#request
    const seconds = Math.round(timeoutMs / 1_000)
    const late = () => this.#stop('too_slow', `no answer within ${seconds} s`)
    const cancel = deadline(SYSTEM_CLOCK, timeoutMs, late)
    const leave = () => this.#stop('broken', 'the examination was broken off')
    signal.addEventListener('abort', leave)
    try {
      pool.dispatch({ method, path, headers, body }, this.#call)
      return await this.#heard.promise
    } finally {
      cancel()
      this.#watch.stop()
      signal.removeEventListener('abort', leave)
    }
  }

  head(status: number, headers: IncomingHttpHeaders): void {
    const now = this.#elapsed()
    this.#answer = {
      status,
      headers: plainHeaders(headers),
      body: '',
      firstByteMs: now,
      lastByteMs: now,
      reads: 0,
      end: 'complete',
    }
  }

  data(chunk: Buffer): void {
    const answer = this.#answer
    if (answer === null) return
    const { isEnough, bytesMax = ANSWER_BYTES_MAX } = this.#request
    answer.lastByteMs = this.#elapsed()
    if (answer.reads === 0) answer.firstByteMs = answer.lastByteMs
    answer.reads += 1
    this.#bytes += chunk.length
    answer.body += this.#decoder.decode(chunk, { stream: true })
    if (this.#bytes > bytesMax) this.#stop('too_long', 'too long')
    else if (isEnough?.(answer)) this.#stop('stopped', 'enough was heard')
  }

  end(): void {
    if (this.#answer) this.#heard.resolve(this.#answer)
  }

  failed(error: Error): void {
    if (this.#answer) this.#answer.end = isTimeout(error) ? 'too_slow' : 'broken'
    this.#heard.resolve(this.#answer ?? unheard(error))
  }

  #stop(end: Exclude<Answered['end'], 'complete'>, message: string): void {
    this.#call.abort(message)
    if (this.#answer) this.#answer.end = end
    this.#heard.resolve(this.#answer ?? { status: null, why: 'too_slow', message })
  }

  #elapsed(): number {
    return this.#watch.ranMs()
  }
}

/** Why there was no answer. */
function unheard(error: Error & { code?: string }): Unheard {
  const reason = reasonOf(error)
  if (isTimeout(error)) {
    return { status: null, why: 'too_slow', message: `no answer in time (${reason})` }
  }
  const why = error instanceof AddressRefused ? 'address_refused' : 'unreachable'
  return { status: null, why, message: reason }
}

/** A connection that failed at every address says so in its parts. */
function reasonOf(error: Error & { code?: string }): string {
  const [first] = error instanceof AggregateError ? error.errors : [error]
  return first instanceof Error && first.message ? first.message : (error.code ?? error.name)
}

function plainHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const entries = Object.entries(headers).slice(0, HEADERS_MAX)
  return Object.fromEntries(
    entries.map(([name, value]) => [name, String(value ?? '').slice(0, HEADER_CHARS_MAX)]),
  )
}
