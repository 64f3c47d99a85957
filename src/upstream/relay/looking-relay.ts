import type { Delivered } from '../../domain/usage/estimate.ts'
import type { ProxyError } from '../../errors.ts'
import type { Relay, WholeAnswer } from './relay.ts'

/** Bytes of an answer's beginning that tell what it is. */
const LOOK_BYTES = 16

const EVENTS = /^\uFEFF?\s*(data:|event:|id:|retry:|:)/

/**
 * Waits for the first bytes of an answer to a stream whose type does not say that it is one: no
 * JSON and no page begins as an event does (W-69).
 */
export class LookingRelay implements Relay {
  readonly #stream: () => Relay
  readonly #whole: () => Relay
  readonly #settled = Promise.withResolvers<WholeAnswer | null>()
  #begin = Buffer.alloc(0)
  #relay: Relay | null = null

  /** @param stream what carries events @param whole what carries anything else */
  constructor(stream: () => Relay, whole: () => Relay) {
    this.#stream = stream
    this.#whole = whole
  }

  get done(): Promise<WholeAnswer | null> {
    return this.#settled.promise
  }

  get delivered(): Delivered | null {
    return this.#relay?.delivered ?? null
  }

  data(chunk: Buffer): void {
    if (this.#relay) this.#relay.data(chunk)
    else this.#look(chunk)
  }

  #look(chunk: Buffer): void {
    this.#begin = Buffer.concat([this.#begin, chunk])
    const begin = this.#begin.toString('utf8', 0, LOOK_BYTES)
    if (EVENTS.test(begin)) this.#decide(this.#stream)
    else if (this.#begin.length >= LOOK_BYTES) this.#decide(this.#whole)
  }

  end(): void {
    this.#decided().end()
  }

  failed(error: Error): void {
    this.#decided().failed(error)
  }

  stop(error: ProxyError): void {
    this.#decided().stop(error)
  }

  abandon(): void {
    this.#decided().abandon()
  }

  #decided(): Relay {
    return this.#relay ?? this.#decide(this.#whole)
  }

  #decide(make: () => Relay): Relay {
    const relay = make()
    this.#relay = relay
    this.#settled.resolve(relay.done)
    if (this.#begin.length > 0) relay.data(this.#begin)
    return relay
  }
}
