import type { ServerResponse } from 'node:http'
import { CLIENT_STALL_MS } from '../../body/stalled-client.ts'

/** Milliseconds in which nothing is sent, until an event stream says that it goes on (W-55). */
const KEEP_ALIVE_MS = 15_000

/** A comment: no client takes it for an event. */
const KEEP_ALIVE = ': keep-alive\n\n'

/**
 * The client's side of a stream: writes whole events, and says when to stop reading the upstream.
 * Once the client has gone Node drops what is written: only who keeps a copy for a repeat hears it.
 */
export class Downstream {
  readonly #response: ServerResponse
  readonly #writable: () => void
  #pending: Buffer[] = []
  #full = false
  #silence: NodeJS.Timeout | null = null

  /** @param writable called when the client has read what was waiting, or does not read any more */
  constructor(response: ServerResponse, writable: () => void) {
    this.#response = response
    this.#writable = writable
    response.on('timeout', () => response.destroy())
    response.once('close', () => {
      this.#full = false
      this.#endSilence()
      writable()
    })
  }

  /** More waits for the client than should. */
  get full(): boolean {
    return this.#full
  }

  head(headers: Record<string, string>): void {
    this.#response.writeHead(200, headers)
  }

  /** From now on a client that hears nothing for long is told that its event stream goes on. */
  keepAlive(): void {
    if (this.#response.closed) return
    this.#silence = setTimeout(() => this.breakSilence(), KEEP_ALIVE_MS).unref()
  }

  /** Says that the stream goes on, between two events; not to a client that lags. */
  breakSilence(): void {
    if (!this.full) this.#write(Buffer.from(KEEP_ALIVE))
    else this.#silence?.refresh()
  }

  /** Adds an event to the next write. Neighbours in memory become one piece without a copy. */
  add(event: Buffer): void {
    const last = this.#pending.at(-1)
    if (
      last &&
      last.buffer === event.buffer &&
      last.byteOffset + last.length === event.byteOffset
    ) {
      const joined = Buffer.from(last.buffer, last.byteOffset, last.length + event.length)
      this.#pending[this.#pending.length - 1] = joined
    } else {
      this.#pending.push(event)
    }
  }

  addText(event: string): void {
    this.#pending.push(Buffer.from(event))
  }

  /** Writes what was added, in one turn of the event loop. */
  flush(): void {
    if (this.#pending.length === 0) return
    const bytes = this.#pending.length === 1 ? this.#pending[0] : Buffer.concat(this.#pending)
    this.#pending = []
    this.#write(bytes as Buffer)
  }

  #write(bytes: Buffer): void {
    this.#silence?.refresh()
    const hasRoom = this.#response.write(bytes) || this.#response.closed
    if (!hasRoom && !this.full) this.#waitForDrain()
  }

  /** Writes what was added, and ends the answer. The client has to read that in time too. */
  end(): void {
    this.#response.end(this.#pending.length === 0 ? undefined : Buffer.concat(this.#pending))
    this.#pending = []
    this.#endSilence()
    if (this.#response.writableLength > 0) this.#limitStall()
  }

  /** The socket counts from the last byte that went, so that who reads slowly is let read. */
  #limitStall(): void {
    if (!this.#response.closed) this.#response.setTimeout(CLIENT_STALL_MS)
  }

  #waitForDrain(): void {
    this.#full = true
    this.#limitStall()
    this.#response.once('drain', () => {
      this.#full = false
      this.#response.setTimeout(0)
      this.#writable()
    })
  }

  #endSilence(): void {
    if (this.#silence) clearTimeout(this.#silence)
    this.#silence = null
  }
}
