import type { Transform } from 'node:stream'
import type { UpstreamListener } from '../call.ts'
import type { Source } from './source.ts'

const BROKEN = 'the upstream sent an answer that is not what its content-encoding says'

type Receiver = Omit<UpstreamListener, 'head'>

/**
 * Decodes an answer that its upstream compressed although it was asked not to (W-75). What can be
 * decoded of a piece is passed on at once, and the upstream is not read while the relay is behind,
 * so that little is in memory however much it becomes. What is not compressed after all passes as
 * it is (W-76).
 */
export class DecodedSource implements Receiver, Source {
  readonly #source: Source
  readonly #open: (first: Buffer) => Transform | null
  readonly #receiver: Receiver
  #hasBegun = false
  /** Null before the first byte, and where nothing has to be decoded. */
  #decoder: Transform | null = null
  /** What the upstream's connection failed with. */
  #failure: Error | null = null

  /** @param open what decodes an answer that begins so; null where nothing has to */
  constructor(source: Source, open: (first: Buffer) => Transform | null, receiver: Receiver) {
    this.#source = source
    this.#open = open
    this.#receiver = receiver
  }

  data(chunk: Buffer): void {
    if (!this.#hasBegun) this.#begin(chunk)
    if (this.#decoder === null) this.#receiver.data(chunk)
    else if (!this.#decoder.write(chunk)) this.#source.pause()
  }

  #begin(first: Buffer): void {
    this.#hasBegun = true
    this.#decoder = this.#open(first)
    this.#decoder
      ?.on('data', (chunk: Buffer) => this.#receiver.data(chunk))
      .on('drain', () => this.#source.resume())
      .once('end', () => this.#receiver.end())
      .once('error', (cause) => {
        this.#source.abort(cause.message)
        this.#receiver.failed(this.#failure ?? new Error(BROKEN, { cause }))
      })
  }

  end(): void {
    if (this.#decoder === null) this.#receiver.end()
    else this.#decoder.end()
  }

  failed(error: Error): void {
    this.#failure = error
    if (this.#decoder === null) this.#receiver.failed(error)
    else this.#decoder.destroy(error)
  }

  abort(reason: string): void {
    this.#decoder?.removeAllListeners().on('error', () => {})
    this.#decoder?.destroy()
    this.#source.abort(reason)
  }

  pause(): void {
    const paused = this.#decoder ?? this.#source
    paused.pause()
  }

  resume(): void {
    const resumed = this.#decoder ?? this.#source
    resumed.resume()
  }
}
