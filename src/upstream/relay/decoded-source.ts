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
  readonly #decoder: Transform
  readonly #receiver: Receiver
  readonly #isCoded: (first: Buffer) => boolean
  #isPlain: boolean | null = null
  /** What the upstream's connection failed with. */
  #failure: Error | null = null

  /** @param isCoded whether what begins so is compressed at all */
  constructor(
    source: Source,
    decoder: Transform,
    receiver: Receiver,
    isCoded: (first: Buffer) => boolean,
  ) {
    this.#source = source
    this.#decoder = decoder
    this.#receiver = receiver
    this.#isCoded = isCoded
    decoder.on('data', (chunk: Buffer) => receiver.data(chunk))
    decoder.on('drain', () => source.resume())
    decoder.once('end', () => receiver.end())
    decoder.once('error', (cause) => {
      source.abort(cause.message)
      receiver.failed(this.#failure ?? new Error(BROKEN, { cause }))
    })
  }

  data(chunk: Buffer): void {
    this.#isPlain ??= !this.#isCoded(chunk)
    if (this.#isPlain) this.#receiver.data(chunk)
    else if (!this.#decoder.write(chunk)) this.#source.pause()
  }

  end(): void {
    if (this.#isPlain) this.#receiver.end()
    else this.#decoder.end()
  }

  failed(error: Error): void {
    this.#failure = error
    if (this.#isPlain) this.#receiver.failed(error)
    else this.#decoder.destroy(error)
  }

  abort(reason: string): void {
    this.#decoder.removeAllListeners().on('error', () => {})
    this.#decoder.destroy()
    this.#source.abort(reason)
  }

  pause(): void {
    if (this.#isPlain) this.#source.pause()
    else this.#decoder.pause()
  }

  resume(): void {
    if (this.#isPlain) this.#source.resume()
    else this.#decoder.resume()
  }
}
