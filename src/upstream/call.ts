import { subscribe } from 'node:diagnostics_channel'
import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import type { Dispatcher, Pool } from 'undici'
import { bodyToSend } from './body-to-send.ts'

/** What hears the upstream, in this order: head, data any number of times, then one of the ends. */
export type UpstreamListener = {
  head(status: number, headers: IncomingHttpHeaders): void
  data(chunk: Buffer): void
  end(): void
  /** Connection lost, timed out, or aborted by us. */
  failed(error: Error): void
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
  #controller: Dispatcher.DispatchController | null = null
  #reused = false
  #aborted: Error | null = null
  #over = false

  constructor(listener: UpstreamListener) {
    this.#listener = listener
  }

  /**
   * Sends the request. Everything after that is told to the listener.
   * @param headersTimeout milliseconds for the upstream to begin its answer, where not the pool's
   */
  start(
    pool: Pool,
    path: string,
    headers: Record<string, string>,
    body: string | Uint8Array,
    headersTimeout?: number,
  ): this {
    const sent = { method: 'POST' as const, path, ...bodyToSend(headers, body) }
    pool.dispatch(headersTimeout === undefined ? sent : { ...sent, headersTimeout }, this)
    return this
  }

  /** Ends the call at once, also while it waits for a connection. The listener hears no more. */
  abort(reason: string): void {
    if (this.#over) return
    this.#over = true
    this.#aborted = new Error(reason)
    this.#controller?.abort(this.#aborted)
  }

  /**
   * Whether it failed before the upstream can have begun to answer it: it found no connection, or
   * one that had been idle and was closed under it. Asked before the head.
   */
  get wasNotAnswered(): boolean {
    return this.#controller === null || this.#reused
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
    this.#over = true
    this.#listener.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#over) return
    this.#over = true
    this.#listener.failed(error)
  }
}
