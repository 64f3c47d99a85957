import { subscribe } from 'node:diagnostics_channel'
import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import { type Dispatcher, errors } from 'undici'
import { bodyToSend } from './body-to-send.ts'
import { isTimeout } from './failure.ts'

/** What hears the upstream, in this order: head, data any number of times, then one of the ends. */
export type UpstreamListener = {
  head(status: number, headers: IncomingHttpHeaders): void
  data(chunk: Buffer): void
  end(): void
  /** Connection lost, timed out, or aborted by us. */
  failed(error: Error): void
}

/** Milliseconds an answer may take in all, however steadily it comes. */
const ANSWER_MS_MAX = 6 * 60 * 60_000

/** An upstream that goes on and on. */
class AnswerOverdue extends Error {
  override readonly name = 'AnswerOverdue'
  readonly code = 'ERR_ANSWER_OVERDUE'

  constructor(ms: number) {
    super(`the upstream did not end its answer within ${Math.round(ms / 1_000)} s`)
  }
}

/** The call whose head undici writes next: it tells of the start, then of the socket, at once. */
let sentNext: UpstreamCall | null = null

subscribe('undici:client:sendHeaders', (message) => {
  const { socket } = message as { socket: Socket }
  sentNext?.sentOn(socket)
  sentNext = null
})

/** Headers as Node tells them: undici makes a list of those that came several times. */
function joined(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const lists = Object.entries(headers).filter(([, value]) => Array.isArray(value))
  if (lists.length === 0) return headers // as nearly always
  return { ...headers, ...Object.fromEntries(lists.map(([name, all]) => [name, String(all)])) }
}

/**
 * One request to an upstream, on undici's lowest interface: bytes arrive as the parser finds them.
 */
export class UpstreamCall implements Dispatcher.DispatchHandler {
  readonly #listener: UpstreamListener
  readonly #answerMs: number
  #timer: NodeJS.Timeout | null = null
  #headMs = Number.POSITIVE_INFINITY
  #sentAt = 0
  #controller: Dispatcher.DispatchController | null = null
  #socket: Socket | null = null
  /** Bytes of earlier answers that its connection has carried. */
  #earlierBytes = 0
  #aborted: Error | null = null
  #over = false

  constructor(listener: UpstreamListener, answerMs = ANSWER_MS_MAX) {
    this.#listener = listener
    this.#answerMs = answerMs
  }

  /**
   * Sends the request. Everything after that is told to the listener.
   * @param headersTimeout milliseconds for the upstream to begin its answer, where not the pool's
   */
  start(
    pool: Dispatcher,
    path: string,
    headers: Record<string, string>,
    body: string | Uint8Array,
    headersTimeout?: number,
  ): this {
    const sent = { method: 'POST' as const, path, ...bodyToSend(headers, body) }
    const overdue = () => this.#giveUp(new AnswerOverdue(this.#answerMs))
    this.#timer = setTimeout(overdue, this.#answerMs).unref()
    if (headersTimeout !== undefined) this.#headMs = headersTimeout
    pool.dispatch(headersTimeout === undefined ? sent : { ...sent, headersTimeout }, this)
    return this
  }

  /** Ends the call at once, also while it waits for a connection. The listener hears no more. */
  abort(reason: string): void {
    if (this.#over) return
    this.#end()
    this.#aborted = new Error(reason)
    this.#controller?.abort(this.#aborted)
  }

  #giveUp(error: Error): void {
    this.abort(error.message)
    this.#listener.failed(error)
  }

  #end(): void {
    this.#over = true
    if (this.#timer) clearTimeout(this.#timer)
  }

  /**
   * Whether it failed before the upstream can have begun to answer it: it found no connection, or
   * one that had been idle and was closed under it. Asked before the head.
   * @param error what it failed with
   */
  wasNotAnswered(error: Error): boolean {
    if (this.#controller === null) return true
    const isSilent = this.#socket?.bytesRead === this.#earlierBytes
    return this.#earlierBytes > 0 && isSilent && !isTimeout(error)
  }

  /** Whether it found a connection. */
  get wasConnected(): boolean {
    return this.#controller !== null
  }

  /** Stops reading from the upstream's socket. */
  pause(): void {
    if (!this.#over) this.#controller?.pause()
  }

  resume(): void {
    if (!this.#over) this.#controller?.resume()
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    this.#sentAt = performance.now()
    sentNext = this
    if (this.#aborted) controller.abort(this.#aborted)
  }

  sentOn(socket: Socket): void {
    this.#socket = socket
    this.#earlierBytes = socket.bytesRead
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (this.#over) return
    if (status >= 200) this.#listener.head(status, joined(headers))
    else this.#putOff()
  }

  /** The answer is yet to come (RFC 9110, 15.2): undici waits anew, however often it is told so. */
  #putOff(): void {
    const isLate = performance.now() - this.#sentAt > this.#headMs
    if (isLate) this.#giveUp(new errors.HeadersTimeoutError())
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#over) this.#listener.data(chunk)
  }

  onResponseEnd(): void {
    if (this.#over) return
    this.#end()
    this.#listener.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#over) return
    this.#end()
    this.#listener.failed(error)
  }
}
