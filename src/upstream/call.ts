import { subscribe } from 'node:diagnostics_channel'
import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import type { Dispatcher } from 'undici'
import { bodyToSend } from './body-to-send.ts'

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
  sentNext?.sentOn(socket.bytesRead > 0)
  sentNext = null
})

/**
 * One request to an upstream, on undici's lowest interface: bytes arrive as the parser finds them.
 */
export class UpstreamCall implements Dispatcher.DispatchHandler {
  readonly #listener: UpstreamListener
  readonly #answerMs: number
  #timer: NodeJS.Timeout | null = null
  #controller: Dispatcher.DispatchController | null = null
  #reused = false
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
    this.#timer = setTimeout(() => this.#overdue(), this.#answerMs).unref()
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

  #overdue(): void {
    const error = new AnswerOverdue(this.#answerMs)
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
   */
  get wasNotAnswered(): boolean {
    return this.#controller === null || this.#reused
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
    sentNext = this
    if (this.#aborted) controller.abort(this.#aborted)
  }

  /** @param reused whether the connection has carried an answer before */
  sentOn(reused: boolean): void {
    this.#reused = reused
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status >= 200 && !this.#over) this.#listener.head(status, headers)
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
