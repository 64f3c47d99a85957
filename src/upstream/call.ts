import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher, Pool } from 'undici'

/** What hears the upstream, in this order: head, data any number of times, then one of the ends. */
export type UpstreamListener = {
  head(status: number, headers: IncomingHttpHeaders): void
  data(chunk: Buffer): void
  end(): void
  /** Connection lost, timed out, or aborted by us. */
  failed(error: Error): void
}

/**
 * One request to an upstream, on undici's lowest interface: bytes arrive as the parser finds them.
 */
export class UpstreamCall implements Dispatcher.DispatchHandler {
  readonly #listener: UpstreamListener
  #controller: Dispatcher.DispatchController | null = null
  #aborted: Error | null = null
  #over = false

  constructor(listener: UpstreamListener) {
    this.#listener = listener
  }

  /** Sends the request. Everything after that is told to the listener. */
  start(pool: Pool, path: string, headers: Record<string, string>, body: string): this {
    pool.dispatch({ method: 'POST', path, headers, body }, this)
    return this
  }

  /** Ends the call at once, also while it waits for a connection. The listener hears no more. */
  abort(reason: string): void {
    if (this.#over) return
    this.#over = true
    this.#aborted = new Error(reason)
    this.#controller?.abort(this.#aborted)
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
    if (this.#aborted) controller.abort(this.#aborted)
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
